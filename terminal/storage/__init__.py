# SPDX-License-Identifier: Apache-2.0
"""What outlives the process: the journal, re-downloadable market data, the workspace, their backups.

The only package that knows SQL. It stores records and decides nothing about orders, risk or positions.
"""
