# SPDX-License-Identifier: Apache-2.0
"""Each rule of each strategy alone, against hand-made bars."""
