"""Who trains together: the environment variable TF_CONFIG, as TensorFlow defines it.

    {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}

A "chief" is the first worker. Nothing here imports TensorFlow.
"""

import ipaddress
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from util.options.schema import each_once
from util.system.errors import CommandLineError

VARIABLE = "TF_CONFIG"
EXAMPLE = (
    '{"cluster": {"worker": ["host:port", "host:port"]}, "task": {"type": "worker", "index": 0}}'
)
LABEL = r"[A-Za-z0-9_-]{1,63}"  # of the name of a machine
ADDRESS = re.compile(rf"(?:\[([0-9A-Fa-f:.]+)\]|{LABEL}(?:\.{LABEL})*\.?):([1-9][0-9]{{0,4}})")
ROLES = ("chief", "worker")  # in the order of the workers' numbers


class Cluster(NamedTuple):
    """The workers of a training.

    Fields:
        addresses: "host:port" of each.
        number: the number of this worker, from 0.
        starts_others: whether worker 0 starts the others.
    """

    addresses: tuple[str, ...]
    number: int
    starts_others: bool = False

    def name(self, number: int) -> str:
        """A worker in words."""
        return f"worker {number} ({self.addresses[number]})"

    def as_variable(self, number: int) -> str:
        """The value of TF_CONFIG for a worker."""
        task = {"type": "worker", "index": number}
        return json.dumps({"cluster": {"worker": list(self.addresses)}, "task": task})


def cluster_in(environment: Mapping[str, str]) -> Cluster | None:
    """The cluster of TF_CONFIG; None without the variable, or if it names one worker or none.

    Raises:
        CommandLineError: TF_CONFIG is malformed, or contradicts itself.
    """
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        config = json.loads(text, object_pairs_hook=each_once)
    except (ValueError, RecursionError) as error:
        raise refused(f"is not JSON ({' '.join(str(error).split())})") from error
    if not isinstance(config, dict):
        raise refused("is not an object")
    if not config.get("cluster") and not config.get("task"):
        return None
    addresses = _addresses(config.get("cluster"))
    cluster = Cluster(tuple(addresses), _number(config))
    return cluster if len(addresses) > 1 else None


def refused(reason: str) -> CommandLineError:
    """The error for a value of TF_CONFIG."""
    return CommandLineError(f"{VARIABLE} {reason}; it must be like {EXAMPLE}")


def _addresses(cluster: Any) -> list[str]:
    """The addresses of all workers, in their order."""
    if not isinstance(cluster, dict) or not cluster:
        raise refused('has no "cluster" with the addresses of the workers')
    for role in cluster:
        if role not in ROLES:
            raise refused(
                f'has {json.dumps(role)} in its cluster, and here are only "worker" and "chief"'
            )
    addresses: list[str] = []
    for role in ROLES:
        listed = cluster.get(role, [])
        if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
            raise refused(f'has no list of addresses for "{role}"')
        if role == "chief" and len(listed) > 1:
            raise refused(f'has {len(listed)} addresses for "chief", and there can be one')
        addresses += listed
    seen: set[str] = set()
    for address in addresses:
        if not _is_address(address):
            raise refused(f"has the address {json.dumps(address)}, which is not host:port")
        if address.lower() in seen:
            raise refused(f"names {address} twice")
        seen.add(address.lower())
    return addresses


def _is_address(text: str) -> bool:
    """Whether a text is host:port; an IPv6 address stands in brackets."""
    found = ADDRESS.fullmatch(text)
    if not found or int(found[2]) > 65535:
        return False
    try:
        return found[1] is None or bool(ipaddress.IPv6Address(found[1]))
    except ValueError:
        return False


def _number(config: dict) -> int:
    """The number of this worker."""
    cluster, task = config["cluster"], config.get("task")
    if not isinstance(task, dict) or not {"type", "index"} <= task.keys():
        raise refused('has no "task" with "type" and "index"')
    role, index = task["type"], task["index"]
    if role not in ROLES or not cluster.get(role):
        raise refused(f"has the task type {json.dumps(role)}, which is not in its cluster")
    if type(index) is not int:
        raise refused(f"has the task index {json.dumps(index)}, which is not a whole number")
    if not 0 <= index < len(cluster[role]):
        raise refused(
            f'has the task index {index}, and its cluster has {len(cluster[role])} of "{role}", '
            "counted from 0"
        )
    return index + (len(cluster.get("chief", [])) if role == "worker" else 0)
