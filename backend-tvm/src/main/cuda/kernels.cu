// All kernels for CUDA, as one module.
#include "attention.cu"
#include "experts.cu"
#include "mamba.cu"
#include "products.cu"
#include "search.cu"
