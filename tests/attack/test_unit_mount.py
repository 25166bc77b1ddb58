"""`services: [srv-images.mount]`: a unit of the operator's that is the mount itself."""
from tests.runs import volume, desired
from tests.scenarios.test_simulated_membership import THREE, cluster, running
from reconciler.loading.checking import load
import json, yaml

def test_loads():
    world, controller = running(3)
    file = cluster(world, THREE, volumes=[volume(world, slots=12, workloads={"services": ["srv-images.mount", "remote-fs.target", "o2cb.service.timer"]})])
    print(file.clusters[0].volumes[0].workloads)

def test_names():
    for name in ("paused", "lease", "lock", "busy", "beats", "tables"):
        text = yaml.safe_dump({"version": 1, "clusters": [{"name": name, "members": [{"name": "node01", "interconnect": "10.0.0.1"}]}]})
        print(name, load("x.yaml", text).clusters[0].name)
