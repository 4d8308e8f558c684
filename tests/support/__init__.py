# SPDX-License-Identifier: Apache-2.0
"""What tests of the whole share: the stepped world, child processes, hand-made bars."""
