"""The kernels for processors, by name."""

import attention
import experts
import mamba
import products


def kernels(step_tile, strip_tile, ahead):
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
    for kind, short in (("float32", "f32"), ("uint16", "bf16")):
        made["embed_" + short] = products.embed(kind)
        made["step_product_" + short] = products.product(kind, *step_tile, ahead)
        made["strip_product_" + short] = products.product(kind, *strip_tile, False)
        made["expert_product_" + short] = experts.expert_product(kind, *step_tile, ahead)
        made["expert_strip_product_" + short] = experts.expert_product(kind, *strip_tile, False)
    return made
