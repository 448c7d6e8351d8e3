// What the kernels compute, the same for each instruction set. All matrices are row-major and dense unless a stride is given.
//
// Every row is computed alone and in one fixed order of operations, whatever other rows stand beside it: a forward of
// sixteen rows gives, to the bit, what sixteen forwards of one row give. `verified` rests on that.
#pragma once

#include <cstdint>

#include "pool.h"

namespace seed {

// Weights lie in tiles of 16 output columns; a tile is a sequence of blocks of 128 inputs, and a block is
//   kBits4: four times 4 x 64 bytes (column, 4 inputs; the next 4 inputs in the high nibbles), 16 scales, 16 minima, for groups of
//           32 inputs: w = scale q - minimum
//   kBits8: 32 x 64 bytes (column, 4 inputs), each w / scale + 128, then 16 scales
// with scales and minima as half floats, 2^12 times their value (their range would not fit otherwise).
enum Format { kBits4 = 4, kBits8 = 8 };
constexpr int kColumns = 16;
constexpr int kBlock = 128;  // inputs that share one scale of an activation, and of an 8-bit weight
constexpr int kGroup = 32;   // and of a 4-bit weight
constexpr float kWeightScale = 1.0f / 4096.0f;
constexpr int64_t kGroupBytes4 = 4 * 64 + 64;
constexpr int64_t block_bytes(int format) { return format == kBits4 ? 4 * kGroupBytes4 : 32 * 64 + 32; }

// A matrix of 8 bits with fewer inputs than a block has tiles of (inputs / 4) x 64 bytes and 16 scales.
constexpr int64_t narrow_bytes(int64_t inputs) { return 16 * inputs + 32; }

// Activations in 8 bits. The rows are cut into parts of nearly equal number, as many as one pass of a product takes; in a part
// of R rows, at its first row's place, lie `values` (width / 4, R, 4), `scales` (width / 128, R), kWeightScale included,
// `sums` (width / 32, R), each the sum of a group's values, and `offsets` (width / 128, R), a block's sum times -128.
struct Quantized {
    int8_t* values;
    float* scales;
    float* sums;
    int32_t* offsets;
};

struct Linear {
    int format;
    const uint8_t* weights;
    int64_t inputs, outputs;
    const float* bias;  // or null
};

// One layer's rows of a cache, a pair of bfloat16 numbers in each 32-bit word, so that one instruction takes both.
//   keys: (key/value heads, capacity / 16, head size / 2, 16 positions, 2 dimensions)
//   values: (key/value heads, capacity / 2, head size, 2 positions)
// Rows behind the last one must be finite.
struct CacheRows {
    uint16_t* keys;
    uint16_t* values;
    int64_t capacity;
};

struct Heads {
    int64_t queries, keys, size;
};

// Of a row: its position in the text, and the slots of the cache that it sees: those before `seen`, and from `own` to before `own_end`,
// which is not before `seen`.
struct RowSpan {
    int32_t position, seen, own, own_end;
};

struct Kernels {
    const char* name;
    // Rows whose root mean square is 1, times `weight`, quantised; `plain` (or null) takes them unquantised.
    void (*norm)(Pool&, const float* x, int64_t rows, int64_t width, const float* weight, float epsilon, Quantized out, float* plain);
    void (*quantize)(Pool&, const float* x, int64_t rows, int64_t width, Quantized out);
    // `gate_up` (rows, 2 width): silu(first half) times second half; `plain` (or null) takes the result unquantised.
    void (*silu)(Pool&, const float* gate_up, int64_t rows, int64_t width, Quantized out, float* plain);
    // out (rows, stride) = x Wᵀ + bias, or out += the same.
    void (*linear)(Pool&, const Linear&, Quantized x, int64_t rows, float* out, int64_t stride, bool add);
    // out += (x Aᵀ) Bᵀ for the rows from `first` on; A has as many outputs as B inputs, at most kBlock. Room between the two: `ranks` (rows, kBlock), whose
    // columns behind A's outputs are zero and stay it, and `narrow` (rows - first, kBlock).
    void (*low_rank)(Pool&, const Linear& a, const Linear& b, Quantized x, int64_t rows, int64_t first, float* ranks, Quantized narrow, float* out,
                     int64_t stride);
    // One row of the weights of an 8-bit or 4-bit matrix, as floats.
    void (*dequantize_row)(const Linear&, int64_t index, float* out);
    // `qkv` (rows, (queries + 2 keys) size), rotated to the positions that `spans` say: queries (rows, queries, size) in bfloat16, keys and values into
    // slots `start`... of the cache. `cos`, `sin` (positions, size / 2). The norms (or null) are those of Qwen3's heads.
    void (*rotate)(Pool&, const float* qkv, int64_t rows, Heads, const float* cos, const float* sin, const float* query_norm,
                   const float* key_norm, float epsilon, int64_t start, const RowSpan* spans, uint16_t* queries, CacheRows cache);
    // Each row sees what its place says. out (rows, queries, size).
    void (*attend)(Pool&, const uint16_t* queries, int64_t rows, Heads, const RowSpan* spans, CacheRows cache, float* out);
    // What the machine can do, for comparison: reads all bytes once; `steps` times 12 products of 16 sums of 4 bytes on each thread.
    void (*read)(Pool&, const uint8_t* bytes, int64_t size);
    void (*multiply)(Pool&, int64_t steps);
};

// The best that this processor has, or null where it has none of them.
const Kernels* kernels_named(const char* name);
const Kernels* best_kernels();

}  // namespace seed
