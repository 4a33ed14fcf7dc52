"""What the GPU reaches at most: a copy within its memory, and a product of large matrices in bfloat16."""

import torch


def best(work, rounds):
    for _ in range(3):
        work()
    times = []
    for _ in range(rounds):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return sorted(times)[len(times) // 2]


source = torch.empty(4 << 30, dtype=torch.uint8, device="cuda").random_()
target = torch.empty_like(source)
seconds = best(lambda: target.copy_(source), 20)
print("copy: %.2f TB/s, read and written" % (2 * source.numel() / seconds / 1e12))
del source, target
a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
seconds = best(lambda: a @ b, 20)
print("product of matrices in bfloat16: %.0f TFLOP/s" % (2 * 8192**3 / seconds / 1e12))
