"""A Prometheus that reads the pages of programs as our PodMonitors have it read them."""

import http
import json
import urllib.parse
import urllib.request

import yaml

from lab.process import Process, free_port
from lab.wait import await_

EACH_SECONDS = 1


class Prometheus:
    def __init__(self, directory):
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.config, self.appliers = directory / "prometheus.yaml", directory / "appliers.json"
        self.process = Process("prometheus", [
            "prometheus", f"--config.file={self.config}", f"--storage.tsdb.path={directory / 'series'}",
            f"--web.listen-address={self.address}", "--web.enable-lifecycle"], directory / "prometheus.log")

    def start(self, controllers, namespace, wal):
        """`controllers`: addresses of their pages."""
        self.config.write_text(yaml.safe_dump({
            "global": {"scrape_interval": f"{EACH_SECONDS}s"},
            "scrape_configs": [
                {"job_name": f"{namespace}/{wal}-applier", "file_sd_configs": [{
                    "files": [str(self.appliers)]}]},
                {"job_name": "redwal-system/redwal-controller", "honor_labels": True, "static_configs": [{
                    "targets": controllers, "labels": {"namespace": "redwal-system"}}]}]}))
        self.labels = {"namespace": namespace, "redwal_dev_wal": wal}
        self.process.start()
        return self

    def follow(self, appliers):
        """Reads these from now on: addresses of their pages."""
        new = self.appliers.with_suffix(".new")
        new.write_text(json.dumps([{"targets": appliers, "labels": self.labels}]))
        new.rename(self.appliers)
        await_(lambda: self.values(f'up{{redwal_dev_wal!="",instance=~"{"|".join(appliers)}"}} == 1') == len(appliers), 30,
               lambda: f"each page is read\n{self.process.tail()}")

    def stop(self):
        self.process.stop()

    def values(self, expression):
        """How many it gives now; 0 while there is no answer, or it is not ready."""
        query = urllib.parse.urlencode({"query": expression})
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=10) as answer:
                return len(json.load(answer)["data"]["result"])
        except ConnectionError:
            return 0
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.SERVICE_UNAVAILABLE:
                return 0
            raise
        except urllib.error.URLError as error:
            if isinstance(error.reason, ConnectionError):
                return 0
            raise

    def knew(self, expression):
        """It gave something at some time."""
        return self.values(f"count_over_time(({expression})[1h:{EACH_SECONDS}s])") > 0
