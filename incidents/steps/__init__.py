"""The steps that plans of this app are made of, by the names that plans call them."""

from __future__ import annotations

from dr_console.runs.registry import StepFunction
from incidents.steps import cdn, checking, degradation, dns, function, standby, telling, verification

FUNCTIONS: tuple[type[StepFunction], ...] = (
    checking.ConfirmFailure,
    checking.CheckPrimary,
    checking.CheckStandby,
    checking.SwitchEndpoint,
    checking.SwitchCdn,
    standby.StartDeployment,
    standby.SwitchRegion,
    function.WarmFunction,
    function.PutFunctionBack,
    dns.PointDns,
    dns.PutDnsBack,
    verification.VerifyHealth,
    cdn.PurgeCdn,
    cdn.InvalidateCdn,
    telling.Notify,
    degradation.SetLevel,
)
