# SPDX-License-Identifier: Apache-2.0
"""The fault laboratory: scripts of faults, the server that carries them out, a proxy, a control port.

Nothing here is imported by a server without faults, so that an ordinary server pays nothing for it.
"""
