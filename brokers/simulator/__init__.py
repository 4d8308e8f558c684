# SPDX-License-Identifier: Apache-2.0
"""A simulated TWS: a server on the loopback that speaks the TWS wire protocol.

Demo mode and the tests connect to it with the same client as to a real TWS,
so that the live path is the only path. The market behind the wire is
`terminal.simulation`; this package decodes requests, keeps the rules that
belong to the session (client ids, order ids, subscriptions, limits, pacing)
and encodes what the market says. It must not price, match or book anything.
"""
