# SPDX-License-Identifier: Apache-2.0
"""The nouns, verbs and facts of the domain. Standard library only: no I/O, no clock, no vendor."""
