"""What this machine could do at best, measured beside the engines: bytes read and operations done in a second."""

import subprocess


def measure():
    """Read bandwidth and float16 matrix rate by PyTorch; None where it is not there."""
    try:
        import torch
    except ImportError:
        return None

    def median(work, repeats=20):
        times = []
        for _ in range(repeats + 3):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            work()
            end.record()
            end.synchronize()
            times.append(start.elapsed_time(end) / 1e3)
        return sorted(times[3:])[repeats // 2]

    data = torch.randn(1 << 31, device="cuda", dtype=torch.float16)
    target = torch.empty_like(data)
    copied = 2 * 2 * data.numel() / median(lambda: target.copy_(data))
    read = 2 * data.numel() / median(lambda: data.sum())
    del data, target
    left, right = (torch.randn(8192, 8192, device="cuda", dtype=torch.float16) for _ in range(2))
    flops = 2 * 8192**3 / median(lambda: left @ right)
    torch.cuda.empty_cache()
    return {"bytesPerSecond": max(copied, read), "flopsPerSecond": flops}


def state():
    """Clocks, power and driver, as the vendor's tool tells; for the record."""
    fields = "name,driver_version,clocks.sm,clocks.mem,power.draw,temperature.gpu,pstate"
    try:
        return subprocess.run(["nvidia-smi", f"--query-gpu={fields}", "--format=csv,noheader"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
