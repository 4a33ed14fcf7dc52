"""Builds all kernels: build.py OUTPUT_FOLDER."""

import os
import subprocess
import sys

import tvm

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cpu

# what is compiled for: name of the library, processor, how many rows and vectors of outputs of a product fit its registers, and how
# many words ahead the weights of a single row are fetched (a kilobyte: without it memory is read at four fifths of its rate)
PROCESSORS = [("cpu-v3", "x86-64-v3", 5, 1, 256), ("cpu-v4", "x86-64-v4", 7, 2, 256)]


def link(output, objects, options=None, **unused):
    subprocess.check_call([os.environ["LLD"], "-flavor", "gnu", "-shared", "-o", output] + list(objects) + (options or []))


link.output_format = "so"


def main(folder):
    for name, processor, tall, wide, ahead in PROCESSORS:
        functions = cpu.kernels(tall, wide, ahead)
        module = tvm.IRModule({key: function.with_attr("global_symbol", key) for key, function in functions.items()})
        built = tvm.build(module, target="llvm -mtriple=x86_64-unknown-linux-gnu -mcpu=" + processor)
        path = os.path.join(folder, name + ".so")
        built.export_library(path, fcompile=link)
        print("%s: %d kernels, %d bytes" % (name, len(functions), os.path.getsize(path)))


main(sys.argv[1])
