# SPDX-License-Identifier: Apache-2.0
"""Tests of the IBKR adapter, against a scripted server that can misbehave on purpose."""
