"""Who we are: certificates, tokens that change, plugins, and refusals."""

import base64
import os
import stat
import time

import pytest

from cluster import CONFIG_MAPS, run_probe
from lab.wait import await_


def get(kubeconfig, namespace, env=None):
    return run_probe(kubeconfig, "get", CONFIG_MAPS, namespace, "kube-root-ca.crt", env=env)


@pytest.fixture
def present(cluster, namespace):
    """A namespace with the config map that each has."""
    await_(lambda: f"{namespace}/kube-root-ca.crt" in cluster.versions(namespace), 180,
           "the namespace has its config map")
    return namespace


@pytest.fixture
def account(cluster, namespace):
    """A service account that may read config maps; tokens of it that can be revoked."""
    cluster.kubectl("-n", namespace, "create", "serviceaccount", "reader")
    cluster.kubectl("-n", namespace, "create", "role", "reader", "--verb=get,list,watch",
                    "--resource=configmaps")
    cluster.kubectl("-n", namespace, "create", "rolebinding", "reader", "--role=reader",
                    f"--serviceaccount={namespace}:reader")

    def token(name):
        cluster.core.create_namespaced_secret(namespace, {"metadata": {"name": name}})
        return cluster.kubectl("-n", namespace, "create", "token", "reader",
                               "--bound-object-kind", "Secret", "--bound-object-name", name).stdout
    return token


def plugin(directory, script):
    path = directory / "login"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./login",
                     "interactiveMode": "Never", "env": [{"name": "WHO", "value": "lab"}],
                     "installHint": "get the login program"}}


def test_a_certificate_may_be_a_file_or_in_line(cluster, present, tmp_path):
    def data(name):
        return base64.b64encode((cluster.directory / name).read_bytes()).decode()

    user = {"client-certificate-data": data("admin.crt"), "client-key-data": data("admin.key")}
    inline = cluster.write_config(tmp_path / "inline", user=user,
                                  certificate_authority_data=data("ca.crt"))
    assert get(cluster.kubeconfig, present)[0] == 0
    assert get(inline, present)[0] == 0


def test_several_files_are_merged(cluster, present, tmp_path):
    users = tmp_path / "users"
    users.write_text("users:\n- name: admin\n  user:\n"
                     f"    client-certificate: {cluster.directory}/admin.crt\n"
                     f"    client-key: {cluster.directory}/admin.key\n")
    rest = cluster.write_config(tmp_path / "rest", user={"token": "not this one"})
    env = {"KUBECONFIG": f"{users}:{tmp_path}/missing:{rest}"}
    assert get("", present, env=env)[0] == 0
    assert get(rest, present)[1].startswith("REFUSED 401 Unauthorized")


def test_a_server_that_is_not_the_one_we_trust_is_refused(cluster, present, tmp_path):
    cert = base64.b64encode((cluster.directory / "admin.crt").read_bytes()).decode()
    wrong = cluster.write_config(tmp_path / "wrong", certificate_authority_data=cert)
    named = cluster.write_config(tmp_path / "named", tls_server_name="kubernetes.default.svc")
    misnamed = cluster.write_config(tmp_path / "misnamed", tls_server_name="other.example")
    assert get(named, present)[0] == 0
    for config in (wrong, misnamed):
        status, text, _ = get(config, present)
        assert status == 1 and text.startswith("REFUSED 0") and "SSL" in text


def test_a_token_that_is_rotated_is_read_again(cluster, namespace, account, link, tmp_path,
                                               watcher):
    file = tmp_path / "token"
    file.write_text(account("first"))
    config = cluster.write_config(tmp_path / "config", name="user", user={"tokenFile": "token"},
                                  server=f"https://127.0.0.1:{link.port}")
    it = watcher(config, namespace).await_synced()
    second = account("second")
    cluster.core.delete_namespaced_secret("first", namespace)
    await_(lambda: get(config, namespace)[1].startswith("REFUSED 401"), 60,
           "the first token is refused")
    link.cut()
    link.restore()
    await_(lambda: "401 Unauthorized" in it.output(), 30, it.tail)
    cluster.put(namespace, "meanwhile")
    file.write_text(second)
    it.await_equal(cluster, namespace)
    assert second.strip() not in it.output()


def test_a_plugin_is_asked_for_a_token_and_asked_again(cluster, present, tmp_path):
    token = cluster.config("user")["users"][0]["user"]["token"]
    user = plugin(tmp_path, f"""
echo "$WHO $KUBERNETES_EXEC_INFO" >>{tmp_path}/asked
test -e {tmp_path}/good && token={token} || token=bad
echo '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
"status":{{"token":"'$token'"}}}}'
""")
    config = cluster.write_config(tmp_path / "config", name="user", user=user)
    assert get(config, present)[1].startswith("REFUSED 401")
    (tmp_path / "good").touch()
    assert get(config, present)[1].startswith("REFUSED 403")  # known, and not allowed
    asked = (tmp_path / "asked").read_text().splitlines()
    assert len(asked) == 2
    assert asked[0].startswith('lab {"apiVersion":"client.authentication.k8s.io/v1"')
    assert '"interactive":false' in asked[0]


def test_a_plugin_that_fails_is_told_of(cluster, present, tmp_path):
    for script, says in [("exit 3", "exit status 3"), ("echo nonsense", "not JSON"),
                         ("kill -9 $$", "signal 9")]:
        config = cluster.write_config(tmp_path / "config", name="user",
                                      user=plugin(tmp_path, script))
        status, text, _ = get(config, present)
        assert status == 1 and says in text, text
    os.remove(tmp_path / "login")
    assert "get the login program" in get(config, present)[1]


def test_a_nonsensical_kubeconfig_is_refused_with_its_place(tmp_path):
    config = tmp_path / "config"
    config.write_text("clusters: []\ncurrent-context: [\n")
    status, _, complaint = run_probe(config, "get", CONFIG_MAPS, "default", "a")
    assert status == 2 and f"{config}: 3: not YAML" in complaint
    status, _, complaint = run_probe(tmp_path / "none", "get", CONFIG_MAPS, "default", "a")
    assert status == 2 and "cannot be opened" in complaint


def test_a_server_that_is_not_there_is_an_answer_in_time(cluster, tmp_path):
    config = cluster.write_config(tmp_path / "config", server="https://127.0.0.1:9")
    started = time.monotonic()
    status, text, _ = get(config, "default")
    assert status == 1 and text.startswith("REFUSED 0")
    assert time.monotonic() - started < 10
