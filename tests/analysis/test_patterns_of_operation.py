"""Patterns of routing, release and operation: each in a small system, and not in near misses."""

from __future__ import annotations

import pytest

from tests.analysis.pattern_systems import FRONT, Roles, found, load


class TestRouting:
    TWO = """
    page: {kind: client, calls: [proxy]}
    proxy: {kind: gateway, RELATIONS, logs_to: [log]}
    a: {kind: model-server, serves: [m]}
    b: {kind: model-server, serves: [n]}
    log: {kind: log-store}
    """

    def routed(self, pattern: str, relations: str, b: str = "n") -> list[tuple[str, Roles]]:
        text = self.TWO.replace("RELATIONS", relations).replace("serves: [n]", f"serves: [{b}]")
        return found(load(text, "m n", "w: {from: page, models: [m, n]}"), pattern)

    def test_a_copy_to_another_model_is_a_shadow_test(self) -> None:
        roles = {"proxy": ("proxy",), "current": ("a",), "candidate": ("b",), "log": ("log",)}
        assert self.routed("shadow-ab", "calls: [a], mirrors: [b]") == [("w", roles)]

    def test_a_copy_to_another_server_of_the_same_model_is_one_too(self) -> None:
        ((_, roles),) = self.routed("shadow-ab", "calls: [a], mirrors: [b]", b="m")
        assert (roles["current"], roles["candidate"]) == (("a",), ("b",))

    def test_a_server_may_mirror_what_it_answers(self) -> None:
        system = load(
            """
            page: {kind: client, calls: [a]}
            a: {kind: model-server, serves: [m], mirrors: [b]}
            b: {kind: model-server, serves: [n]}
            """, "m n",
        )  # fmt: skip
        roles = {"proxy": ("a",), "current": ("a",), "candidate": ("b",)}
        assert found(system, "shadow-ab") == [("w", roles)]

    def test_a_copy_to_a_scanner_is_none(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], mirrors: [scanner]")
        assert found(load(text + "scanner: {kind: external}"), "shadow-ab") == []

    def test_shares_of_the_traffic_are_an_online_test(self) -> None:
        roles = {"proxy": ("proxy",), "current": ("b",), "candidate": ("a",), "log": ("log",)}
        assert self.routed("online-ab", "calls: [{to: a, share: 10%}, {to: b, share: 90%}]") == [("w", roles)]

    def test_replicas_are_none(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], replicas: 2, zones: [x, y]")
        assert found(load(text), "online-ab") == []

    @pytest.mark.parametrize("calls", ["{to: a, share: 50%}, {to: b, share: 50%}", "{to: b, share: 50%}, {to: a, share: 50%}"])
    def test_of_equal_shares_none_is_the_candidate_whatever_their_order(self, calls: str) -> None:
        [(_, roles)] = self.routed("online-ab", f"calls: [{calls}]")
        assert (sorted(roles["current"]), "candidate" in roles) == (["a", "b"], False)

    def test_shares_of_the_same_model_are_none(self) -> None:
        assert self.routed("online-ab", "calls: [{to: a, share: 50%}, {to: b, share: 50%}]", b="m") == []

    def test_shares_of_devices_are_none(self) -> None:
        text = """
            page: {kind: client, calls: [{to: a, share: 30%}, {to: b, share: 70%}]}
            a: {kind: edge-device, serves: [m]}
            b: {kind: edge-device, serves: [n]}
            """
        assert found(load(text, "m n"), "online-ab") == []
        assert found(load(text.replace("b: {kind: edge-device", "b: {kind: model-server"), "m n"), "online-ab") != []

    def test_a_share_of_the_work_that_goes_on_is_none(self) -> None:
        system = load(
            """
            page: {kind: client, publishes: [photos]}
            photos: {kind: queue}
            a: {kind: worker, consumes: [photos], serves: [m], publishes: [{to: documents, share: 15%}]}
            documents: {kind: queue}
            b: {kind: worker, consumes: [documents], serves: [n]}
            """, "m n", "w: {from: page, models: [m, n]}",
        )  # fmt: skip
        assert found(system, "online-ab") == []

    def test_conditions_pick_the_model(self) -> None:
        relations = "calls: [{to: a, when: country is KR}, {to: b, when: any other country}]"
        roles = {"proxy": ("proxy",), "server": ("a", "b")}
        assert self.routed("condition-based", relations) == [("w", roles)]

    def test_one_condition_picks_nothing(self) -> None:
        assert self.routed("condition-based", "calls: [a, {to: b, when: the user is logged in}]") == []

    def test_conditions_before_the_same_model_are_none(self) -> None:
        relations = "calls: [{to: a, when: by day}, {to: b, when: by night}]"
        assert self.routed("condition-based", relations, b="m") == []

    def test_a_switch_turns_the_prediction_off(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], switch: flags") + "flags: {kind: external}"
        assert found(load(text), "parameter-based") == [("w", {"server": ("api",), "switch": ("flags",)})]

    def test_a_condition_with_a_fallback_does_so_too(self) -> None:
        call = "{to: server, when: flag ranking is on, fallback: newest first}"
        text = FRONT.replace("calls: [server]", f"calls: [{call}]")
        assert found(load(text), "parameter-based") == [("w", {"server": ("api",)})]

    def test_a_switch_of_something_else_is_none(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [mail, server]")
        assert found(load(text + "mail: {kind: service, switch: letters}"), "parameter-based") == []


class TestOperation:
    TWO = """
    page: {kind: client, calls: [api]}
    api: {kind: service, calls: [a, b]}
    a: {kind: model-server, serves: [m]}
    b: {kind: model-server, serves: [n]}
    """

    def test_a_model_in_the_image(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], loads_model: in-image")
        assert found(load(text), "model-in-image") == [("w", {"server": ("server",)})]
        assert found(load(text), "model-load") == []

    def test_a_model_loaded_from_a_registry(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], loads: [store]") + "store: {kind: model-registry}"
        assert found(load(text), "model-load") == [("w", {"server": ("server",), "registry": ("store",)})]
        assert found(load(text), "model-in-image") == []

    def test_a_model_loaded_on_request_is_neither(self) -> None:
        text = FRONT.replace("serves: [m]", "serves: [m], loads_model: on-request, loads: [store]")
        system = load(text + "store: {kind: model-registry}")
        assert found(system, "model-load") == []
        assert found(system, "model-in-image") == []

    def test_an_api_that_loads_a_file_without_a_model_is_none(self) -> None:
        text = FRONT.replace("kind: service,", "kind: service, loads: [store],")
        assert found(load(text + "store: {kind: object-store}"), "model-load") == []

    @pytest.mark.parametrize("logging", ["logs_to: [log]", "writes: [log]"])
    def test_a_log_of_predictions(self, logging: str) -> None:
        text = FRONT.replace("serves: [m]", f"serves: [m], {logging}") + "log: {kind: log-store}"
        assert found(load(text), "prediction-log") == [("w", {"server": ("server",), "log": ("log",)})]

    def test_a_caller_may_log_in_place_of_the_server(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], logs_to: [log]") + "log: {kind: log-store}"
        assert found(load(text), "prediction-log") == [("w", {"server": ("server",), "log": ("log",)})]

    def test_a_caller_that_does_not_log_leaves_a_gap(self) -> None:
        text = FRONT.replace("calls: [server]", "calls: [server], logs_to: [log]")
        text += "log: {kind: log-store}\nnightly: {kind: batch-job, schedule: 1d, calls: [server]}"
        assert found(load(text), "prediction-log") == []

    @pytest.mark.parametrize(
        ("server", "monitor"), [("monitored_by: [watch]", ""), ("replicas: 1", ", calls: [server]")]
    )
    def test_a_server_reports_to_a_monitor_or_the_monitor_asks_it(self, server: str, monitor: str) -> None:
        text = FRONT.replace("serves: [m]", f"serves: [m], {server}")
        watch = f"watch: {{kind: monitoring{monitor}}}"
        roles = {"server": ("server",), "monitor": ("watch",)}
        assert found(load(text + watch), "prediction-monitoring") == [("w", roles)]

    def test_devices_are_logged_and_monitored_too(self) -> None:
        text = """
            page: {kind: edge-device, serves: [m], logs_to: [log], monitored_by: [watch]}
            log: {kind: log-store}
            watch: {kind: monitoring}
            """
        assert found(load(text), "prediction-log") == [("w", {"server": ("page",), "log": ("log",)})]
        assert found(load(text), "prediction-monitoring") == [("w", {"server": ("page",), "monitor": ("watch",)})]

    def test_a_vendor_is_monitored_by_each_of_its_callers(self) -> None:
        text = FRONT.replace("kind: model-server", "kind: external").replace("calls: [server]", "calls: [server], monitored_by: [watch]")
        watch = "watch: {kind: monitoring}"
        roles = {"server": ("server",), "monitor": ("watch",)}
        assert found(load(text + watch), "prediction-monitoring") == [("w", roles)]
        other = "\nnightly: {kind: batch-job, schedule: 1d, calls: [server]}"
        assert found(load(text + watch + other), "prediction-monitoring") == []

    def test_a_monitored_api_without_a_model_is_none(self) -> None:
        text = FRONT.replace("kind: service,", "kind: service, monitored_by: [watch],")
        assert found(load(text + "watch: {kind: monitoring}"), "prediction-monitoring") == []

    def test_a_load_test_of_what_leads_to_a_model(self) -> None:
        text = FRONT.replace("kind: service,", "kind: service, load_tested: {rate: 50/s},")
        assert found(load(text), "load-test") == [("w", {"server": ("api",)})]

    def test_servers_that_match_alike_are_reported_as_one(self) -> None:
        text = self.TWO.replace("serves: [", "monitored_by: [watch], serves: [")
        system = load(text + "watch: {kind: monitoring}\n", "m n", "w: {from: page}\nv: {from: page}")
        assert found(system, "prediction-monitoring") == [("", {"server": ("a", "b"), "monitor": ("watch",)})]
