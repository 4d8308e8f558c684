# SPDX-License-Identifier: Apache-2.0
"""The kernel's own figures; what it wires is proved in tests/integration."""
