# SPDX-License-Identifier: Apache-2.0
"""The ticket without Qt: what a person may type and what it means."""
