# SPDX-License-Identifier: Apache-2.0
"""Each panel by itself: it opens, shows, and survives nothing, much and nonsense."""
