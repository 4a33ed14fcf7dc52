"""The kernels for processors, by name."""

import attention
import experts
import mamba
import products


def kernels(tall, wide, ahead):
    """All kernels by name."""
    made = {
        "rms_norm": products.rms_norm,
        "convolve": mamba.convolve,
        "scan": mamba.scan,
        "gated_norm": mamba.gated_norm,
        "store_keys": attention.store_keys,
        "search": attention.search,
        "ranges": attention.ranges,
        "attend": attention.attend,
        "merge": attention.merge,
        "route": experts.route,
        "gather": experts.gather,
        "combine": experts.combine,
    }
    for kind, short in (("float32", "f32"), ("uint32", "bf16")):
        made["embed_" + short] = products.embed(kind)
        made["product_" + short] = products.product(kind, tall, wide, ahead)
        made["expert_product_" + short] = experts.expert_product(kind, tall, wide, ahead)
    return made
