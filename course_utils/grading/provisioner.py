"""Warm kernels for Jupyter itself: a kernel provisioner that asks the warm process for a fork.

Jupyter finds the class by its entry point, `course-warm`. A kernelspec names it, with the sandbox as its one setting:

    "metadata": {"kernel_provisioner": {"provisioner_name": "course-warm", "config": {"sandbox": "none"}}}

With "none" it is the learner's own kernel, with their files and environment, only faster to start; any other level is
the kernel of grading, for `pytest --nbval --nbval-kernel-name=...` behind the wall.
"""

import asyncio
import os
import signal

from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Unicode

from course_utils.grading import kernel as kernels
from course_utils.grading import sandbox as sandboxes
from course_utils.grading import warm
from course_utils.grading.limits import Limits

WARM_KERNEL = "transformers-course-warm"
WARM_TITLE = "Transformers course, warm"
_TICK = 0.05


class WarmProvisioner(KernelProvisionerBase):
    """Starts, watches and ends one kernel that the warm process forks."""

    sandbox = Unicode("none", help="none, namespaces or bwrap")
    kernel = None

    @property
    def has_process(self) -> bool:
        """Whether a kernel has been started and not yet been waited for."""
        return self.kernel is not None

    async def launch_kernel(self, cmd, **options):
        """Have a kernel forked; returns its connection."""
        address = await asyncio.to_thread(warm.shared)
        own = None
        if self.sandbox == "none":
            own = {"cwd": str(options.get("cwd") or os.getcwd()), "environment": dict(options.get("env") or os.environ)}
        level = sandboxes.choose(self.sandbox)
        self.kernel = kernels.Kernel(lambda order: warm.ask(address, order), level, Limits(), own)
        await asyncio.to_thread(self.kernel.up)
        self.connection_info = self.kernel.connection | {"key": self.kernel.connection["key"].encode()}
        return self.connection_info

    async def pre_launch(self, **options):
        """Nothing is to be prepared: there is no command and no port."""
        return await super().pre_launch(cmd=[], **options)

    async def poll(self):
        """The exit status; None while it runs, 0 if there is no kernel."""
        return 0 if self.kernel is None else self.kernel.poll()

    async def wait(self):
        """Wait for the end of the kernel."""
        while self.kernel is not None and self.kernel.poll() is None:
            await asyncio.sleep(_TICK)
        status, self.kernel = (self.kernel.status, None) if self.kernel else (0, None)
        return status

    async def send_signal(self, signum):
        """Interrupt the kernel; every other signal ends it."""
        if self.kernel is not None:
            self.kernel.interrupt() if signum == signal.SIGINT else self.kernel.kill()

    async def kill(self, restart=False):
        """End the kernel."""
        if self.kernel is not None:
            self.kernel.kill()

    async def terminate(self, restart=False):
        """End the kernel."""
        await self.kill(restart)

    async def cleanup(self, restart=False):
        """See that nothing is left."""
        await self.kill(restart)


def register(prefix: str):
    """Make "Transformers course, warm" known to Jupyter under `prefix`, such as sys.prefix."""
    import json
    from pathlib import Path

    provisioner = {"provisioner_name": "course-warm", "config": {"sandbox": "none"}}
    spec = {
        "argv": [],
        "display_name": WARM_TITLE,
        "language": "python",
        "metadata": {"kernel_provisioner": provisioner},
    }
    folder = Path(prefix, "share", "jupyter", "kernels", WARM_KERNEL)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
