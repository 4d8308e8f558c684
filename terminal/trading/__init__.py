# SPDX-License-Identifier: Apache-2.0
"""Orders, risk and positions: the part of Tiller that must not be wrong. No Qt, no vendor SDK, no I/O of its own."""
