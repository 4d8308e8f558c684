# SPDX-License-Identifier: Apache-2.0
"""Types of scipy, as far as tests use it as an independent oracle."""

__version__: str
