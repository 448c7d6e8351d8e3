// The kernels as a Python module. Arrays come as addresses; ops.py, the only caller, checks what lies
// behind them.

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "kernels.h"

namespace {

using seed::Heads;
using seed::Kernels;
using seed::Linear;
using seed::RowSpan;
using seed::Pool;
using seed::Quantized;

struct Context {
    const Kernels* kernels;
    Pool pool;
};

constexpr const char* kCapsule = "seed kernels";

void destroy(PyObject* capsule) { delete static_cast<Context*>(PyCapsule_GetPointer(capsule, kCapsule)); }

template <class T> T* at(unsigned long long address) { return reinterpret_cast<T*>(static_cast<uintptr_t>(address)); }

PyObject* create(PyObject*, PyObject* args) {
    const char* name;
    int threads;
    if (!PyArg_ParseTuple(args, "zi", &name, &threads)) return nullptr;
    const Kernels* kernels = name ? seed::kernels_named(name) : seed::best_kernels();
    if (!kernels) Py_RETURN_NONE;
    return PyCapsule_New(new Context{kernels, Pool(threads)}, kCapsule, destroy);
}

PyObject* name(PyObject*, PyObject* capsule) {
    auto* context = static_cast<Context*>(PyCapsule_GetPointer(capsule, kCapsule));
    return context ? PyUnicode_FromString(context->kernels->name) : nullptr;
}

// Parses the arguments behind the context, runs `work` without the interpreter's lock, and returns None.
template <class Work, class... Fields> PyObject* call(PyObject* args, const char* format, const Work& work, Fields*... fields) {
    PyObject* capsule;
    if (!PyArg_ParseTuple(args, format, &capsule, fields...)) return nullptr;
    auto* context = static_cast<Context*>(PyCapsule_GetPointer(capsule, kCapsule));
    if (!context) return nullptr;
    Py_BEGIN_ALLOW_THREADS;
    work(*context->kernels, context->pool);
    Py_END_ALLOW_THREADS;
    Py_RETURN_NONE;
}

typedef unsigned long long Address;
typedef long long Count;

struct QuantizedAddresses {
    Address values, scales, sums, offsets;
    Quantized get() const { return {at<int8_t>(values), at<float>(scales), at<float>(sums), at<int32_t>(offsets)}; }
};

PyObject* norm(PyObject*, PyObject* args) {
    Address x, weight, plain;
    Count rows, width;
    float epsilon;
    QuantizedAddresses out;
    return call(
        args, "OKLLKf(KKKK)K",
        [&](const Kernels& k, Pool& pool) {
            k.norm(pool, at<const float>(x), rows, width, at<const float>(weight), epsilon, out.get(), at<float>(plain));
        },
        &x, &rows, &width, &weight, &epsilon, &out.values, &out.scales, &out.sums, &out.offsets, &plain);
}

PyObject* quantize(PyObject*, PyObject* args) {
    Address x;
    Count rows, width;
    QuantizedAddresses out;
    return call(
        args, "OKLL(KKKK)", [&](const Kernels& k, Pool& pool) { k.quantize(pool, at<const float>(x), rows, width, out.get()); }, &x,
        &rows, &width, &out.values, &out.scales, &out.sums, &out.offsets);
}

PyObject* silu(PyObject*, PyObject* args) {
    Address gate_up, plain;
    Count rows, width;
    QuantizedAddresses out;
    return call(
        args, "OKLL(KKKK)K",
        [&](const Kernels& k, Pool& pool) { k.silu(pool, at<const float>(gate_up), rows, width, out.get(), at<float>(plain)); },
        &gate_up, &rows, &width, &out.values, &out.scales, &out.sums, &out.offsets, &plain);
}

struct LinearFields {
    int format;
    Address weights, bias;
    Count inputs, outputs;
    Linear get() const { return {format, at<const uint8_t>(weights), inputs, outputs, at<const float>(bias)}; }
};

PyObject* linear(PyObject*, PyObject* args) {
    int add;
    LinearFields weight;
    QuantizedAddresses x;
    Count rows, stride;
    Address out;
    return call(
        args, "O(iKLLK)(KKKK)LKLp",
        [&](const Kernels& k, Pool& pool) { k.linear(pool, weight.get(), x.get(), rows, at<float>(out), stride, add != 0); },
        &weight.format, &weight.weights, &weight.inputs, &weight.outputs, &weight.bias, &x.values, &x.scales, &x.sums, &x.offsets, &rows, &out,
        &stride, &add);
}

PyObject* low_rank(PyObject*, PyObject* args) {
    LinearFields a, b;
    QuantizedAddresses x, narrow;
    Count rows, first, stride;
    Address ranks, out;
    return call(
        args, "O(iKLLK)(iKLLK)(KKKK)LLK(KKKK)KL",
        [&](const Kernels& k, Pool& pool) {
            k.low_rank(pool, a.get(), b.get(), x.get(), rows, first, at<float>(ranks), narrow.get(), at<float>(out), stride);
        },
        &a.format, &a.weights, &a.inputs, &a.outputs, &a.bias, &b.format, &b.weights, &b.inputs, &b.outputs, &b.bias, &x.values, &x.scales,
        &x.sums, &x.offsets, &rows, &first, &ranks, &narrow.values, &narrow.scales, &narrow.sums, &narrow.offsets, &out, &stride);
}

PyObject* dequantize_row(PyObject*, PyObject* args) {
    int format;
    Address weights, out;
    Count inputs, outputs, index;
    return call(
        args, "OiKLLLK",
        [&](const Kernels& k, Pool&) {
            k.dequantize_row(Linear{format, at<const uint8_t>(weights), inputs, outputs, nullptr}, index, at<float>(out));
        },
        &format, &weights, &inputs, &outputs, &index, &out);
}

PyObject* rotate(PyObject*, PyObject* args) {
    Address qkv, cos, sin, query_norm, key_norm, spans, queries, keys, values;
    Count rows, start, capacity, num_queries, num_keys, size;
    float epsilon;
    return call(
        args, "OKL(LLL)KKKKfLKK(KKL)",
        [&](const Kernels& k, Pool& pool) {
            k.rotate(pool, at<const float>(qkv), rows, Heads{num_queries, num_keys, size}, at<const float>(cos), at<const float>(sin),
                     at<const float>(query_norm), at<const float>(key_norm), epsilon, start, at<const RowSpan>(spans),
                     at<uint16_t>(queries),
                     {at<uint16_t>(keys), at<uint16_t>(values), capacity});
        },
        &qkv, &rows, &num_queries, &num_keys, &size, &cos, &sin, &query_norm, &key_norm, &epsilon, &start, &spans, &queries, &keys, &values,
        &capacity);
}

PyObject* attend(PyObject*, PyObject* args) {
    Address queries, spans, keys, values, out;
    Count rows, capacity, num_queries, num_keys, size;
    return call(
        args, "OKL(LLL)K(KKL)K",
        [&](const Kernels& k, Pool& pool) {
            k.attend(pool, at<const uint16_t>(queries), rows, Heads{num_queries, num_keys, size}, at<const RowSpan>(spans),
                     {at<uint16_t>(keys), at<uint16_t>(values), capacity}, at<float>(out));
        },
        &queries, &rows, &num_queries, &num_keys, &size, &spans, &keys, &values, &capacity, &out);
}

PyObject* read(PyObject*, PyObject* args) {
    Address bytes;
    Count size;
    return call(args, "OKL", [&](const Kernels& k, Pool& pool) { k.read(pool, at<const uint8_t>(bytes), size); }, &bytes, &size);
}

PyObject* multiply(PyObject*, PyObject* args) {
    Count steps;
    return call(args, "OL", [&](const Kernels& k, Pool& pool) { k.multiply(pool, steps); }, &steps);
}

PyMethodDef methods[] = {
    {"create", create, METH_VARARGS, "create(name or None, threads): a context, or None where the processor lacks the instructions"},
    {"name", name, METH_O, "the instruction set of a context"},
    {"norm", norm, METH_VARARGS, nullptr},
    {"quantize", quantize, METH_VARARGS, nullptr},
    {"silu", silu, METH_VARARGS, nullptr},
    {"linear", linear, METH_VARARGS, nullptr},
    {"low_rank", low_rank, METH_VARARGS, nullptr},
    {"dequantize_row", dequantize_row, METH_VARARGS, nullptr},
    {"rotate", rotate, METH_VARARGS, nullptr},
    {"attend", attend, METH_VARARGS, nullptr},
    {"read", read, METH_VARARGS, nullptr},
    {"multiply", multiply, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_kernels", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__kernels() { return PyModule_Create(&definition); }
