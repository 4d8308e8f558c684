# SPDX-License-Identifier: Apache-2.0
"""Journeys of a person through the real window: real loop, real widgets, real socket, real journal."""
