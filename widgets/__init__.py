# SPDX-License-Identifier: Apache-2.0
"""Everything a person sees. The only package that imports PySide6, pyqtgraph and qasync.

A panel is a Qt-free model plus a view; parts take models and a theme and emit signals, and know nothing
of bus or kernel. It never imports brokers, strategies or storage.
"""
