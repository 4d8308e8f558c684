# SPDX-License-Identifier: Apache-2.0
"""Steps of this database, oldest first by number."""
