# SPDX-License-Identifier: Apache-2.0
"""The TWS wire protocol as data: one field table per message and the code that reads tables.

`language` is the vocabulary of the tables, `values` turns values into field
text and back, `frames` cuts the byte stream, `requests*` and `responses*` are
the tables. A message is added by adding rows. Nothing here knows a market.
"""
