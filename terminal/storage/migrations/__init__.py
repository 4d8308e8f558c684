# SPDX-License-Identifier: Apache-2.0
"""The history of the databases, one folder for each, one step for each file. A released step never changes."""
