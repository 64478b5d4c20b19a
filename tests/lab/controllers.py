"""redwal-controller as a process beside the API server of the lab."""

import os
import pathlib
import re
import urllib.error
import urllib.request

from lab.process import Process, free_port
from lab.wait import await_

PROGRAM = pathlib.Path(os.environ["KUBE_PROBE"]).parents[1] / "bin" / "redwal-controller"
LEASE = DURATION, RENEW, RETRY_MS = 4, 3, 500
# For who is to go on leading: a disk may take as long for one write as the other one waits for a renewal.
PATIENT = 15, 10, 1000


class Controller(Process):
    def __init__(self, directory, name, kubeconfig, namespace, *argv, host="127.0.0.1",
                 lease=LEASE):
        duration, renew, retry_ms = lease
        self.port, self.host = free_port(), host
        super().__init__(name, [
            PROGRAM, "--kubeconfig", kubeconfig, "--namespace", namespace, "--lease-namespace",
            namespace, "--lease-duration", f"{duration}s", "--renew-deadline", f"{renew}s",
            "--retry-period", f"{retry_ms}ms", "--http", f"{host}:{self.port}", *argv],
            directory / f"{name}.log", env=dict(os.environ))

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://{self.host}:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def metric(self, name):
        """The sum of a metric's series; None when it cannot be asked."""
        found = re.findall(rf"^redwal_controller_{name}(?:{{[^}}]*}})? (\S+)$",
                           self.get("/metrics")[1], re.M)
        return sum(map(float, found)) if found else None

    def writes(self):
        """Requests that may have changed something."""
        return sum(self.metric(rf'requests_total{{verb="{verb}"}}'.replace("{", "\\{")
                               .replace("}", "\\}")) or 0
                   for verb in ("create", "update", "delete", "status"))

    def leads(self):
        return self.metric("leads") == 1

    def await_leading(self, seconds=30):
        await_(self.leads, seconds, lambda: f"{self.name} leads\n{self.tail()}")
        return self
