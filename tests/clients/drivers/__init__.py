# SPDX-License-Identifier: Apache-2.0
"""Scripts that drive one client library each; run with the interpreter of that client, never imported by Tiller."""
