# SPDX-License-Identifier: Apache-2.0
"""Order messages as TWS writes them at server version 176, field by field (see the protocol's layout)."""

UNSET = "1.7976931348623157E308"
CONTRACT = (265598, "AAPL", "STK", "", 0, "?", "", "SMART", "USD", "AAPL", "NMS")

_OPEN_HEAD = (
    "action=BUY quantity=10 type=LMT limit=100.25 aux=0.0 tif=DAY oca= account=DU1234567 open_close= origin=0 "
    "ref=T1-01TEST client=7 perm=900001 rth=0 hidden=0 discretionary=0 gat= shares= fa_group= fa_method= fa_pct= "
    "fa_profile= model= gtd= rule80a=0 pct_offset= settling= slot=0 location= exempt=-1 auction=0 start= ref_price= "
    "delta= lower= upper= display=0 block=0 sweep=0 aon=0 min_qty= oca_type=3 etrade=0 firm=0 nbbo= parent=0 "
    "trigger=0 vol= vol_type=0 dn_type=None dn_aux= dn_con=0 dn_settling= dn_clearing= dn_intent= dn_open= dn_short=0 "
    "dn_slot=0 dn_location= continuous=0 ref_type=0 trail_stop= trail_pct= basis= basis_type= legs= n_legs=0 "
    "n_order_legs=0 n_smart=0 scale_init= scale_subs= scale_inc= hedge= opt_out=0 clearing= intent=IB not_held=0 dnc=0 "
    "algo= solicited=0 what_if=0 status=Submitted"
)
_STATE = (
    "init_before maint_before equity_before init_change maint_change equity_change init_after maint_after "
    "equity_after commission min_commission max_commission"
)
_OPEN_TAIL = (
    "commission_currency= warning= random_size=0 random_price=0 n_conditions=0 adj_type=None trigger_price= "
    "adj_trail_stop= lmt_offset= adj_stop= adj_stop_lmt= adj_trail= adj_unit=0 sd_name= sd_value= sd_display= cash=0 "
    "no_auto=0 oms=0 discr_limit=0 price_mgmt=0 duration= ats= auto_cancel=0 min_trade= min_compete= compete= "
    "whole= half="
)
_COMPLETED = (
    "action=BUY quantity=10 type=LMT limit=100.25 aux=0.0 tif=DAY oca= account=DU1234567 open_close= origin=0 "
    "ref=T1-01TEST perm=900001 rth=0 hidden=0 discretionary=0 gat= fa_group= fa_method= fa_pct= fa_profile= model= "
    "gtd= rule80a=0 pct_offset= settling= slot=0 location= exempt=-1 start= ref_price= delta= lower= upper= "
    "display=0 sweep=0 aon=0 min_qty= oca_type=3 trigger=0 vol= vol_type=0 dn_type=None dn_aux= dn_con=0 dn_short=0 "
    "dn_slot=0 dn_location= continuous=0 ref_type=0 trail_stop= trail_pct= legs= n_legs=0 n_order_legs=0 n_smart=0 "
    "scale_init= scale_subs= scale_inc= hedge= clearing= intent=IB not_held=0 dnc=0 algo= solicited=0 status=Filled "
    "random_size=0 random_price=0 n_conditions=0 trail_stop_2= lmt_offset= cash=0 no_auto=0 oms=0 auto_cancel_date= "
    "filled=10 ref_fut=0 auto_cancel=0 shareholder= imbalance=0 route=0 parent_perm=0 completed_time= "
    "completed_status= min_trade= min_compete= compete= whole= half="
)


def _table(text: str) -> dict[str, object]:
    pairs = (item.partition("=") for item in text.split())
    return {name: value for name, _, value in pairs}


def open_order(order_id: int = 5, **changes: object) -> list[str]:
    """Message 5. A tuple as value writes several fields in that place."""
    table = _table(_OPEN_HEAD) | dict.fromkeys(_STATE.split(), UNSET) | _table(_OPEN_TAIL)
    return _fields((5, order_id, *CONTRACT), table, changes)


def completed_order(**changes: object) -> list[str]:
    return _fields((101, *CONTRACT), _table(_COMPLETED), changes)


def _fields(head: tuple[object, ...], table: dict[str, object], changes: dict[str, object]) -> list[str]:
    unknown = set(changes) - set(table)
    assert not unknown, unknown
    fields = [str(field) for field in head]
    for value in (table | changes).values():
        fields.extend(str(part) for part in value) if isinstance(value, tuple) else fields.append(str(value))
    return fields


def status(order_id: int = 5, text: str = "Submitted", filled: object = 0, remaining: object = 10) -> list[str]:
    return [str(f) for f in (3, order_id, text, filled, remaining, 0.0, 900001, 0, 0.0, 7, "", 0.0)]


def execution(
    order_id: int = 5,
    *,
    execution_id: str = "0000e0d5.6571f2a1.01.01",
    time: str = "20231114 16:20:00 US/Central",
    req_id: int = -1,
    shares: object = 10,
    price: object = 100.2,
    ref: str = "T1-01TEST",
    side: str = "BOT",
) -> list[str]:
    fields = (11, req_id, order_id, *CONTRACT, execution_id, time, "DU1234567", "IEX", side, shares, price, 900001)
    return [str(f) for f in (*fields, 7, 0, shares, price, ref, "", "", "", 1)]


def commission(
    execution_id: str = "0000e0d5.6571f2a1.01.01", amount: object = 1.0, realized: object = UNSET
) -> list[str]:
    return [str(f) for f in (59, 1, execution_id, amount, "USD", realized, UNSET, "")]
