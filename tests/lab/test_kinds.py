"""Objects of our kinds that are good and bad: the API server and our decoder agree which is which."""

import json

import kubernetes
import pytest

from kinds import GROUP, VERSION, called, rows


@pytest.mark.parametrize("kind, row", rows("good"), ids=called)
def test_a_good_one_is_stored_and_decoded(api, namespace, kind, row):
    body = kind.make(row["set"])
    stored = kind.create(api, namespace, body)
    assert kind.decode(body) == (True, "good\n")
    assert kind.decode(stored) == (True, "good\n")


@pytest.mark.parametrize("kind, row", rows("bad"), ids=called)
def test_a_bad_one_is_refused_by_both_and_told_why(api, namespace, kind, row):
    body = kind.make(row["set"])
    with pytest.raises(kubernetes.client.ApiException) as refusal:
        kind.create(api, namespace, body, dry_run="All")
    message = json.loads(refusal.value.body)["message"]
    assert refusal.value.status in (400, 422)
    assert row["says"] in message
    good, said = kind.decode(body)
    assert not good
    assert row["says"] in said


@pytest.mark.parametrize("kind, row", rows("changes"), ids=called)
def test_what_may_change_and_what_may_not(api, namespace, kind, row):
    before = kind.create(api, namespace, kind.make(row["from"]))
    after = kind.make(row["to"])
    after["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"]
    arguments = GROUP, VERSION, namespace, kind.plural, before["metadata"]["name"], after
    if "says" not in row:
        api.replace_namespaced_custom_object(*arguments)
        return
    with pytest.raises(kubernetes.client.ApiException) as refusal:
        api.replace_namespaced_custom_object(*arguments)
    assert row["says"] in json.loads(refusal.value.body)["message"]
