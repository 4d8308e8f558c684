# SPDX-License-Identifier: Apache-2.0
"""The ticket: a Qt-free model of the order being written, and its view."""
