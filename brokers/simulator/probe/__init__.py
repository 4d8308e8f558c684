# SPDX-License-Identifier: Apache-2.0
"""The probe: asks a real TWS the same forty harmless questions as the simulator, and says where they differ."""
