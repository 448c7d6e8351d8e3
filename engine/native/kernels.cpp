#include "kernels.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__)
#define SEED_X86 1
#include <immintrin.h>
#endif

#if defined(__clang__)
#define SEED_BEGIN_TARGET(features) _Pragma(SEED_TEXT(clang attribute push(__attribute__((target(features))), apply_to = function)))
#define SEED_END_TARGET _Pragma("clang attribute pop")
#else
#define SEED_BEGIN_TARGET(features) _Pragma("GCC push_options") _Pragma(SEED_TEXT(GCC target(features)))
#define SEED_END_TARGET _Pragma("GCC pop_options")
#endif
#define SEED_TEXT(...) #__VA_ARGS__

#if SEED_X86

SEED_BEGIN_TARGET("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512bf16,avx2,fma,f16c")
namespace seed::avx512 {
#include "vectors_avx512.h"
//
#include "kernels_body.h"
constexpr Kernels kKernels = {"avx512", norm, quantize, silu, linear, low_rank, dequantize_row, rotate, attend, read, multiply};
}  // namespace seed::avx512
SEED_END_TARGET

SEED_BEGIN_TARGET("avx2,fma,f16c")
namespace seed::avx2 {
#include "vectors_avx2.h"
//
#include "kernels_body.h"
constexpr Kernels kKernels = {"avx2", norm, quantize, silu, linear, low_rank, dequantize_row, rotate, attend, read, multiply};
}  // namespace seed::avx2
SEED_END_TARGET

#endif

namespace seed {

namespace {

bool has_avx2() {
#if SEED_X86
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
#else
    return false;
#endif
}

bool has_avx512() {
#if SEED_X86
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
#else
    return false;
#endif
}

}  // namespace

const Kernels* kernels_named(const char* name) {
#if SEED_X86
    if (has_avx512() && std::strcmp(name, "avx512") == 0) return &avx512::kKernels;
    if (has_avx2() && std::strcmp(name, "avx2") == 0) return &avx2::kKernels;
#endif
    return nullptr;
}

const Kernels* best_kernels() {
    const Kernels* best = kernels_named("avx512");
    return best ? best : kernels_named("avx2");
}

}  // namespace seed
