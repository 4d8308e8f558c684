# SPDX-License-Identifier: Apache-2.0
"""The connect dialog: demo, paper or live; host, port, client id, with the exact TWS settings to tick.

The only place that may ask which kind of server is at the other end.
"""

from dataclasses import replace
from typing import Final

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from terminal.model.enums import DataType, Mode
from terminal.settings import Connection
from widgets import formats
from widgets.theme import Theme, set_property

PORTS: Final = {Mode.PAPER: (7497, 4002), Mode.LIVE: (7496, 4001)}
HINTS: Final = {
    Mode.DEMO: "Tiller's own simulated TWS with 250,000 USD. No account is needed and nothing leaves this machine.",
    Mode.PAPER: (
        "In TWS or IB Gateway, logged in to the paper account: Global Configuration, API, Settings: tick Enable "
        "ActiveX and Socket Clients, clear Read-Only API, socket port 7497 (TWS) or 4002 (Gateway). "
        "Never tried on a real TWS."
    ),
    Mode.LIVE: (
        "A live account is read-only in this version: everything is shown, no order can be sent. TWS listens on "
        "7496, Gateway on 4001. Leave Read-Only API ticked. Never tried on a real TWS."
    ),
}


class ConnectDialog(QDialog):
    """Choose where to connect."""

    def __init__(self, theme: Theme, parent: QWidget | None, connection: Connection) -> None:
        super().__init__(parent)
        self.setObjectName("connectDialog")
        self.setWindowTitle(f"{formats.MODES[connection.mode]} - Connect")
        self._connection = connection
        self.mode = QComboBox()
        self.mode.setObjectName("connectMode")
        for mode in Mode:
            self.mode.addItem(formats.MODES[mode], mode)
        self.host = QLineEdit(connection.host)
        self.port = QSpinBox()
        self.port.setRange(1, 65_535)
        self.port.setValue(connection.port)
        self.client_id = QSpinBox()
        self.client_id.setRange(1, 999_999)
        self.client_id.setValue(connection.client_id)
        self.account = QLineEdit(connection.account)
        self.account.setPlaceholderText("the only one")
        self.data = QComboBox()
        self.data.addItem("Live", DataType.LIVE)
        self.data.addItem("Delayed where live is not permitted", DataType.DELAYED)
        self.data.setCurrentIndex(0 if connection.data_type is DataType.LIVE else 1)
        self.hint = QLabel("")
        self.hint.setWordWrap(True)
        self.hint.setProperty("role", "muted")
        form = QFormLayout()
        form.setHorizontalSpacing(theme.space.x7)
        form.setVerticalSpacing(theme.space.x4)
        for caption, widget in (
            ("Mode", self.mode),
            ("Host", self.host),
            ("Port", self.port),
            ("Client id", self.client_id),
            ("Account", self.account),
            ("Market data", self.data),
        ):
            form.addRow(caption, widget)
            widget.setAccessibleName(caption)
        cancel, go = QPushButton("Cancel"), QPushButton("Connect")
        go.setObjectName("connectGo")
        set_property(go, "kind", "primary")
        cancel.clicked.connect(self.reject)
        go.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(go)
        column = QVBoxLayout(self)
        space = theme.space
        column.setContentsMargins(space.x7, space.x6, space.x7, space.x6)
        column.setSpacing(space.x5)
        column.addLayout(form)
        column.addWidget(self.hint)
        column.addLayout(row)
        self.setMinimumWidth(460)
        self.mode.setCurrentIndex(list(Mode).index(connection.mode))
        self.mode.currentIndexChanged.connect(self._on_mode)  # only a person's choice proposes another port
        self._show_hint()

    def _mode(self) -> Mode:
        return Mode(self.mode.currentData())  # Qt hands a text back where an enum was put in

    def _on_mode(self) -> None:
        mode = self._mode()
        ports = PORTS.get(mode)
        if ports is not None and self.port.value() not in ports:
            self.port.setValue(ports[0])
        self._show_hint()

    def _show_hint(self) -> None:
        mode = self._mode()
        self.hint.setText(HINTS[mode])
        for widget in (self.host, self.port, self.client_id, self.account, self.data):
            widget.setEnabled(mode is not Mode.DEMO)

    def chosen(self) -> Connection:
        """Return the connection settings as the person left them."""
        return replace(
            self._connection,
            mode=self._mode(),
            host=self.host.text().strip() or self._connection.host,
            port=self.port.value(),
            client_id=self.client_id.value(),
            account=self.account.text().strip(),
            data_type=DataType(self.data.currentData()),
        )
