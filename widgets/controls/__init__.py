# SPDX-License-Identifier: Apache-2.0
"""Small reusable widgets: each paints or dresses itself from the theme and has an accessible name.

They emit what a person did and know nothing of panels, bus or kernel.
"""
