// Declares the kernels, which compute the same with each instruction set. All matrices are row-major
// and dense unless a stride is given.
//
// Every row is computed alone and in one fixed order of operations, whatever other rows stand beside
// it: a forward of sixteen rows gives, to the bit, what sixteen forwards of one row give. Mode
// `verified` rests on that.
#pragma once

#include <cstdint>

#include "pool.h"

namespace seed {

// Weights lie in tiles of 16 output columns. A tile is a sequence of blocks of 128 inputs.
//   A block of kBits4 has four groups of 32 inputs. A group is 4 x 64 bytes (column, 4 inputs; the next
//   4 inputs in the high nibbles), 16 scales and 16 minima; a weight is scale x value - minimum.
//   A block of kBits8 is 32 x 64 bytes (column, 4 inputs), each weight / scale + 128, then 16 scales.
// Scales and minima are half floats, 2^12 times their value, whose range would not fit otherwise.
enum Format { kBits4 = 4, kBits8 = 8 };
constexpr int kColumns = 16;
constexpr int kBlock = 128;  // inputs that share one scale of an activation, or of an 8-bit weight
constexpr int kGroup = 32;   // inputs that share one scale of a 4-bit weight
constexpr float kWeightScale = 1.0f / 4096.0f;
constexpr int64_t kGroupBytes4 = 4 * 64 + 64;
constexpr int64_t block_bytes(int format) { return format == kBits4 ? 4 * kGroupBytes4 : 32 * 64 + 32; }

// A matrix of 8 bits with fewer inputs than a block has tiles of (inputs / 4) x 64 bytes and 16 scales.
constexpr int64_t narrow_bytes(int64_t inputs) { return 16 * inputs + 32; }

// Activations in 8 bits. The rows are cut into parts of nearly equal size, of at most as many rows as
// one pass of a product takes. The numbers of a part of R rows begin where its first row's would:
//   `values` (width / 4, R, 4),
//   `scales` (width / 128, R), already times kWeightScale,
//   `sums` (width / 32, R), each the sum of a group's values,
//   `offsets` (width / 128, R), each the sum of a block's values times -128.
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

// One layer's rows of a cache. Each 32-bit word holds a pair of bfloat16 numbers, so that one
// instruction takes both.
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

// A row's position in the text, and the spans of the cache's slots that attention lets it see: those
// before `seen`, and those from `own` to before `own_end`. `own` is not before `seen`.
struct RowSpan {
    int32_t position, seen, own, own_end;
};

struct Kernels {
    const char* name;
    // Scales each row to a root mean square of 1, multiplies it by `weight` and quantises it. `plain`, or
    // null, takes it unquantised.
    void (*norm)(Pool&, const float* x, int64_t rows, int64_t width, const float* weight, float epsilon, Quantized out, float* plain);
    void (*quantize)(Pool&, const float* x, int64_t rows, int64_t width, Quantized out);
    // Quantises silu(first half) times second half of `gate_up` (rows, 2 width). `plain`, or null, takes
    // the result unquantised.
    void (*silu)(Pool&, const float* gate_up, int64_t rows, int64_t width, Quantized out, float* plain);
    // Computes x Wᵀ + bias into `out` (rows, stride), or adds it to what is there.
    void (*linear)(Pool&, const Linear&, Quantized x, int64_t rows, float* out, int64_t stride, bool add);
    // Adds (x Aᵀ) Bᵀ to the rows of `out` from `first` on. A has as many outputs as B has inputs, at most
    // kBlock. What lies between the two products goes into `ranks` (rows, kBlock), whose columns behind
    // A's outputs are zero and stay so, and `narrow` (rows - first, kBlock).
    void (*low_rank)(Pool&, const Linear& a, const Linear& b, Quantized x, int64_t rows, int64_t first, float* ranks, Quantized narrow, float* out,
                     int64_t stride);
    // Writes row `index` of a matrix as floats.
    void (*dequantize_row)(const Linear&, int64_t index, float* out);
    // Rotates the queries and keys of `qkv` (rows, (queries + 2 keys) size) to the positions in `spans`.
    // Queries go into `queries` (rows, queries, size) in bfloat16; keys and values go into the slots of
    // the cache from `start` on. `cos` and `sin` are (positions, size / 2). The norms, or null, are those
    // of Qwen3's heads.
    void (*rotate)(Pool&, const float* qkv, int64_t rows, Heads, const float* cos, const float* sin, const float* query_norm,
                   const float* key_norm, float epsilon, int64_t start, const RowSpan* spans, uint16_t* queries, CacheRows cache);
    // Computes attention of each row to the slots in its spans, into `out` (rows, queries, size).
    void (*attend)(Pool&, const uint16_t* queries, int64_t rows, Heads, const RowSpan* spans, CacheRows cache, float* out);
    // Two measures of what the machine can do: `read` reads all bytes once; `multiply` does `steps` times
    // 12 products of 16 sums of 4 bytes on each thread.
    void (*read)(Pool&, const uint8_t* bytes, int64_t size);
    void (*multiply)(Pool&, int64_t steps);
};

// The kernels for the named instruction set, or for the best; null where the processor has none.
const Kernels* kernels_named(const char* name);
const Kernels* best_kernels();

}  // namespace seed
