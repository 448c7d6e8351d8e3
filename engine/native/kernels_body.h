// The kernels, written once on vectors of 16 numbers. kernels.cpp includes this in one namespace for
// each instruction set.

inline float from_bfloat16(uint16_t x) {
    const uint32_t bits = static_cast<uint32_t>(x) << 16;
    float y;
    std::memcpy(&y, &bits, 4);
    return y;
}

inline uint16_t to_bfloat16(float x) {
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline int32_t four_bytes(const void* p) {
    int32_t x;
    std::memcpy(&x, p, 4);
    return x;
}

// Computes e^x within 2 units in the last place for x <= 88. Very small x give e^-87, which is next to 0.
inline F exponential(F x) {
    x = max(x, broadcast(-87.0f));
    const F n = nearest(mul(x, broadcast(1.44269504f)));
    F r = fnma(n, broadcast(0.693359375f), x);
    r = fnma(n, broadcast(-2.12194440e-4f), r);
    F y = broadcast(1.9875691500e-4f);
    for (const float c : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) y = fma(y, r, broadcast(c));
    y = fma(mul(y, r), r, add(r, broadcast(1.0f)));
    return times_power_of_two(y, n);
}

// The rows that one pass takes. Parts are of nearly equal size, so that 9 rows are 4 and 5 and not 8
// and 1: a pass of one row costs nearly as much as one of four.
struct Part {
    int64_t first, count;
};

inline int64_t number_of_parts(int64_t rows) { return (rows + kRows - 1) / kRows; }

inline Part part_of(int64_t rows, int64_t index) {
    const int64_t parts = number_of_parts(rows), first = rows * index / parts;
    return {first, rows * (index + 1) / parts - first};
}

inline Part part_with(int64_t rows, int64_t row) { return part_of(rows, ((row + 1) * number_of_parts(rows) - 1) / rows); }

// Quantises one block of 128 activations symmetrically to 8 bits.
inline void quantize_block(const F* x, int64_t rows, int64_t row, int64_t block, int64_t width, Quantized out) {
    constexpr int vectors = kBlock / 16;
    F top = absolute(x[0]);
    for (int i = 1; i < vectors; ++i) top = max(top, absolute(x[i]));
    const float largest = maximum(top);
    const F inverse = broadcast(largest > 0 ? 127.0f / largest : 0.0f);
    const Part part = part_with(rows, row);
    const int64_t r = row - part.first;
    out.scales[part.first * (width / kBlock) + block * part.count + r] = largest / 127.0f * kWeightScale;
    int8_t* values = out.values + part.first * width + (block * (kBlock / 4) * part.count + r) * 4;
    const int64_t group = part.first * (width / kGroup) + block * (kBlock / kGroup) * part.count + r;
    int32_t all = 0;
    for (int i = 0; i < vectors; i += 2) {
        const I first = to_int(nearest(mul(x[i], inverse))), second = to_int(nearest(mul(x[i + 1], inverse)));
        int8_t bytes[kGroup];
        store_as_bytes(bytes, first);
        store_as_bytes(bytes + 16, second);
        for (int j = 0; j < kGroup / 4; ++j, values += 4 * part.count) std::memcpy(values, bytes + 4 * j, 4);
        const int32_t both = sum(add(first, second));
        out.sums[group + i / 2 * part.count] = static_cast<float>(both);
        all += both;
    }
    out.offsets[part.first * (width / kBlock) + block * part.count + r] = -128 * all;
}

inline void quantize_row(const float* x, int64_t rows, int64_t row, int64_t width, Quantized out) {
    for (int64_t block = 0; block < width / kBlock; ++block) {
        F values[kBlock / 16];
        for (int i = 0; i < kBlock / 16; ++i) values[i] = load(x + row * width + block * kBlock + 16 * i);
        quantize_block(values, rows, row, block, width, out);
    }
}

void quantize(Pool& pool, const float* x, int64_t rows, int64_t width, Quantized out) {
    pool.run(rows, [=](int64_t row) { quantize_row(x, rows, row, width, out); });
}

void norm(Pool& pool, const float* x, int64_t rows, int64_t width, const float* weight, float epsilon, Quantized out, float* plain) {
    pool.run(rows, [=](int64_t row) {
        const float* in = x + row * width;
        F squares = broadcast(0.0f);
        for (int64_t i = 0; i < width; i += 16) squares = fma(load(in + i), load(in + i), squares);
        const F scale = broadcast(1.0f / std::sqrt(sum(squares) / static_cast<float>(width) + epsilon));
        for (int64_t block = 0; block < width / kBlock; ++block) {
            F values[kBlock / 16];
            for (int i = 0; i < kBlock / 16; ++i) {
                const int64_t at = block * kBlock + 16 * i;
                values[i] = mul(mul(load(in + at), scale), load(weight + at));
                if (plain) store(plain + row * width + at, values[i]);
            }
            quantize_block(values, rows, row, block, width, out);
        }
    });
}

void silu(Pool& pool, const float* gate_up, int64_t rows, int64_t width, Quantized out, float* plain) {
    constexpr int64_t step = 8;
    const int64_t blocks = width / kBlock, pieces = (blocks + step - 1) / step;
    pool.run(rows * pieces, [=](int64_t task) {
        const int64_t row = task / pieces, first = task % pieces * step;
        const float* gate = gate_up + row * 2 * width;
        const float* up = gate + width;
        for (int64_t block = first; block < std::min(first + step, blocks); ++block) {
            F values[kBlock / 16];
            for (int i = 0; i < kBlock / 16; ++i) {
                const int64_t at = block * kBlock + 16 * i;
                const F g = load(gate + at);
                values[i] = mul(div(g, add(broadcast(1.0f), exponential(sub(broadcast(0.0f), g)))), load(up + at));
                if (plain) store(plain + row * width + at, values[i]);
            }
            quantize_block(values, rows, row, block, width, out);
        }
    });
}

// Fetches the next tile from memory into the second-level cache while this one is multiplied. The lines
// are spread evenly over the passes, since memory would rest in all passes but the first otherwise. They
// come one at a time, since a burst would keep the tile's own loads waiting. `step` is 64 bytes for one
// pass and 32 for two, so that each pass brings its share of the lines.
struct Prefetch {
    const uint8_t* from;
    int64_t step;

    void next() {
        __builtin_prefetch(from, 0, 2);
        from += step;
    }
};

// With fewer rows than this, memory is the bound, and the processor's own prefetching does better.
constexpr int64_t kPrefetchRows = 5;

// Multiplies the R rows of a part with one tile of 16 columns in 4 bits.
template <int R> inline void tile4(const uint8_t* w, int64_t width, Quantized x, Prefetch prefetch, F* out) {
    for (int r = 0; r < R; ++r) out[r] = broadcast(0.0f);
    for (int64_t block = 0; block < width / kBlock; ++block) {
        F partial[R];
        for (int r = 0; r < R; ++r) partial[r] = broadcast(0.0f);
        for (int group = 0; group < kBlock / kGroup; ++group, w += kGroupBytes4) {
            I products[R];
            for (int r = 0; r < R; ++r) products[r] = zero();
            for (int i = 0; i < 4; ++i, x.values += 8 * R) {
                prefetch.next();
                const I both = load_bytes(w + 64 * i), low = low_nibbles(both), high = high_nibbles(both);
                for (int r = 0; r < R; ++r) products[r] = dot4_nibbles(products[r], low, broadcast(four_bytes(x.values + 4 * r)));
                for (int r = 0; r < R; ++r) products[r] = dot4_nibbles(products[r], high, broadcast(four_bytes(x.values + 4 * (R + r))));
            }
            prefetch.next();
            const F scale = halves(w + 256), minimum = halves(w + 288);
            for (int r = 0; r < R; ++r) {
                partial[r] = fma(to_float(products[r]), scale, partial[r]);
                partial[r] = fnma(minimum, broadcast(x.sums[r]), partial[r]);
            }
            x.sums += R;
        }
        for (int r = 0; r < R; ++r) out[r] = fma(partial[r], broadcast(x.scales[r]), out[r]);
        x.scales += R;
    }
}

template <int R> inline void tile8(const uint8_t* w, int64_t width, Quantized x, Prefetch prefetch, F* out) {
    for (int r = 0; r < R; ++r) out[r] = broadcast(0.0f);
    for (int64_t block = 0; block < width / kBlock; ++block, w += block_bytes(kBits8)) {
        I products[R];
        for (int r = 0; r < R; ++r) products[r] = broadcast(x.offsets[r]);
        for (int i = 0; i < kBlock / 4; ++i, x.values += 4 * R) {
            prefetch.next();
            const I bytes = load_bytes(w + 64 * i);
            for (int r = 0; r < R; ++r) products[r] = dot4(products[r], bytes, broadcast(four_bytes(x.values + 4 * r)));
        }
        const F scale = halves(w + 64 * (kBlock / 4));
        for (int r = 0; r < R; ++r) out[r] = fma(to_float(products[r]), mul(scale, broadcast(x.scales[r])), out[r]);
        x.scales += R;
        x.offsets += R;
    }
}

// Multiplies the part number `index` of `rows`, which has R rows, with a tile.
template <int R>
void rows_of_tile(const Linear& matrix, int64_t tile, Quantized x, int64_t rows, int64_t index, float* out, int64_t stride, bool adds) {
    F sums[R];
    const int64_t width = matrix.inputs, parts = number_of_parts(rows), row = part_of(rows, index).first;
    const int64_t block = block_bytes(matrix.format), size = width / kBlock * block;
    const uint8_t* w = matrix.weights + tile * size;
    const Prefetch prefetch = rows < kPrefetchRows ? Prefetch{w, 0} : Prefetch{w + size + size * index / parts, 64 / parts};
    x = {x.values + row * width, x.scales + row * (width / kBlock), x.sums + row * (width / kGroup), x.offsets + row * (width / kBlock)};
    if (matrix.format == kBits4) tile4<R>(w, width, x, prefetch, sums);
    else tile8<R>(w, width, x, prefetch, sums);
    const int64_t column = tile * kColumns;
    for (int r = 0; r < R; ++r) {
        float* at = out + (row + r) * stride + column;
        if (matrix.bias) sums[r] = add(sums[r], load(matrix.bias + column));
        if (adds) sums[r] = add(sums[r], load(at));
        store(at, sums[r]);
    }
}

typedef void (*RowsOfTile)(const Linear&, int64_t, Quantized, int64_t, int64_t, float*, int64_t, bool);

template <int... R> constexpr std::array<RowsOfTile, sizeof...(R)> rows_of_tile_table(std::integer_sequence<int, R...>) {
    return {rows_of_tile<R + 1>...};
}

constexpr auto kRowsOfTile = rows_of_tile_table(std::make_integer_sequence<int, kRows>());

void linear(Pool& pool, const Linear& matrix, Quantized x, int64_t rows, float* out, int64_t stride, bool adds) {
    const int64_t tiles = matrix.outputs / kColumns;
    const int64_t piece = std::max<int64_t>(1, tiles / (16 * pool.threads()));
    pool.run((tiles + piece - 1) / piece, [&](int64_t task) {
        for (int64_t tile = task * piece; tile < std::min((task + 1) * piece, tiles); ++tile) {
            for (int64_t index = 0; index < number_of_parts(rows); ++index) {
                kRowsOfTile[part_of(rows, index).count - 1](matrix, tile, x, rows, index, out, stride, adds);
            }
        }
    });
}

// Multiplies the R rows of a part with one tile of a matrix that has fewer inputs than a block. The rows
// are filled up with zeros; the tile is not.
template <int R> void rows_of_narrow(const Linear& matrix, int64_t tile, Quantized x, int64_t row, float* out, int64_t stride) {
    const uint8_t* w = matrix.weights + tile * narrow_bytes(matrix.inputs);
    const int8_t* values = x.values + row * kBlock;
    I products[R];
    for (int r = 0; r < R; ++r) products[r] = broadcast(x.offsets[row + r]);
    for (int64_t i = 0; i < matrix.inputs / 4; ++i, values += 4 * R) {
        const I bytes = load_bytes(w + 64 * i);
        for (int r = 0; r < R; ++r) products[r] = dot4(products[r], bytes, broadcast(four_bytes(values + 4 * r)));
    }
    const F scale = halves(w + 16 * matrix.inputs);
    for (int r = 0; r < R; ++r) {
        float* at = out + (row + r) * stride + tile * kColumns;
        store(at, add(mul(to_float(products[r]), mul(scale, broadcast(x.scales[row + r]))), load(at)));
    }
}

typedef void (*RowsOfNarrow)(const Linear&, int64_t, Quantized, int64_t, float*, int64_t);

template <int... R> constexpr std::array<RowsOfNarrow, sizeof...(R)> rows_of_narrow_table(std::integer_sequence<int, R...>) {
    return {rows_of_narrow<R + 1>...};
}

constexpr auto kRowsOfNarrow = rows_of_narrow_table(std::make_integer_sequence<int, kRows>());

void low_rank(Pool& pool, const Linear& a, const Linear& b, Quantized x, int64_t rows, int64_t first, float* ranks, Quantized narrow, float* out,
              int64_t stride) {
    // The rows of x lie interleaved, so that the narrow first product takes all of them.
    linear(pool, a, x, rows, ranks, kBlock, false);
    // A row has one block, which is less work than a thread takes to wake.
    const int64_t updated = rows - first;
    for (int64_t row = 0; row < updated; ++row) quantize_row(ranks + first * kBlock, updated, row, kBlock, narrow);
    float* from = out + first * stride;
    const int64_t tiles = b.outputs / kColumns, pieces = std::min<int64_t>(tiles, 4 * pool.threads());
    pool.run(pieces, [&](int64_t piece) {
        for (int64_t tile = tiles * piece / pieces; tile < tiles * (piece + 1) / pieces; ++tile) {
            for (int64_t index = 0; index < number_of_parts(updated); ++index) {
                const Part part = part_of(updated, index);
                kRowsOfNarrow[part.count - 1](b, tile, narrow, part.first, from, stride);
            }
        }
    });
}

void dequantize_row(const Linear& matrix, int64_t index, float* out) {
    const int64_t column = index % kColumns, blocks = matrix.inputs / kBlock;
    const uint8_t* w = matrix.weights + index / kColumns * blocks * block_bytes(matrix.format);
    float scales[kColumns], minima[kColumns];
    if (matrix.format == kBits4) {
        for (int64_t group = 0; group < matrix.inputs / kGroup; ++group, w += kGroupBytes4, out += kGroup) {
            store(scales, halves(w + 256));
            store(minima, halves(w + 288));
            for (int i = 0; i < kGroup; ++i) {
                const int byte = w[i / 8 * 64 + column * 4 + i % 4];
                const auto value = static_cast<float>(i % 8 < 4 ? byte & 15 : byte >> 4);
                out[i] = (scales[column] * value - minima[column]) * kWeightScale;
            }
        }
    } else {
        for (int64_t block = 0; block < blocks; ++block, w += block_bytes(kBits8), out += kBlock) {
            store(scales, halves(w + 64 * (kBlock / 4)));
            for (int i = 0; i < kBlock; ++i) {
                out[i] = scales[column] * static_cast<float>(w[i / 4 * 64 + column * 4 + i % 4] - 128) * kWeightScale;
            }
        }
    }
}

// Normalises a head's vector if there is a norm, and rotates it to its position. The layout is that of
// two halves: element i is paired with element i + size / 2.
inline void apply_rope(const float* x, int64_t size, const float* weight, float epsilon, const float* cos, const float* sin, float* out) {
    float scale = 1.0f;
    if (weight) {
        F squares = broadcast(0.0f);
        for (int64_t i = 0; i < size; i += 16) squares = fma(load(x + i), load(x + i), squares);
        scale = 1.0f / std::sqrt(sum(squares) / static_cast<float>(size) + epsilon);
    }
    const int64_t half = size / 2;
    for (int64_t i = 0; i < half; i += 16) {
        F a = load(x + i), b = load(x + half + i);
        if (weight) {
            a = mul(mul(a, broadcast(scale)), load(weight + i));
            b = mul(mul(b, broadcast(scale)), load(weight + half + i));
        }
        const F c = load(cos + i), s = load(sin + i);
        store(out + i, fnma(b, s, mul(a, c)));
        store(out + half + i, fma(a, s, mul(b, c)));
    }
}

void rotate(Pool& pool, const float* qkv, int64_t rows, Heads heads, const float* cos, const float* sin, const float* query_norm,
            const float* key_norm, float epsilon, int64_t start, const RowSpan* spans, uint16_t* queries, CacheRows cache) {
    const int64_t size = heads.size, width = (heads.queries + 2 * heads.keys) * size;
    // A task is a head, not a row: slots share cache lines.
    pool.run(heads.queries + 2 * heads.keys, [=](int64_t head) {
        std::vector<float> rotated(size);
        for (int64_t r = 0; r < rows; ++r) {
            const float* in = qkv + r * width + head * size;
            const float *c = cos + spans[r].position * size / 2, *s = sin + spans[r].position * size / 2;
            const int64_t slot = start + r;
            if (head < heads.queries) {
                apply_rope(in, size, query_norm, epsilon, c, s, rotated.data());
                uint16_t* out = queries + (r * heads.queries + head) * size;
                for (int64_t i = 0; i < size; ++i) out[i] = to_bfloat16(rotated[i]);
            } else if (head < heads.queries + heads.keys) {
                apply_rope(in, size, key_norm, epsilon, c, s, rotated.data());
                const int64_t block = (head - heads.queries) * (cache.capacity / 16) + slot / 16;
                uint16_t* out = cache.keys + block * size * 16 + slot % 16 * 2;
                for (int64_t i = 0; i < size; ++i) out[i / 2 * 32 + i % 2] = to_bfloat16(rotated[i]);
            } else {
                const int64_t pair = (head - heads.queries - heads.keys) * (cache.capacity / 2) + slot / 2;
                uint16_t* out = cache.values + pair * size * 2 + slot % 2;
                for (int64_t i = 0; i < size; ++i) out[2 * i] = to_bfloat16(in[i]);
            }
        }
    });
}

// Computes attention of Q queries of one key/value head. `scratch` has room for
// Q x 2 x round_up(most slots, 16) floats.
template <int Q>
void attend_queries(const uint16_t* const* queries, const RowSpan* const* spans, int64_t size, const uint16_t* keys, const uint16_t* values,
                    float* scratch, float* const* out) {
    int64_t most = 0;
    for (int q = 0; q < Q; ++q) most = std::max<int64_t>(most, spans[q]->own_end);
    const int64_t padded = (most + 15) / 16 * 16;
    for (int64_t at = 0; at < padded; at += 16) {
        F scores[Q];
        for (int q = 0; q < Q; ++q) scores[q] = broadcast(0.0f);
        for (int64_t pair = 0; pair < size / 2; ++pair) {
            const I k = load_bytes(keys + at * size + pair * 32);
            for (int q = 0; q < Q; ++q) scores[q] = dot2(scores[q], k, broadcast(four_bytes(queries[q] + 2 * pair)));
        }
        for (int q = 0; q < Q; ++q) store(scratch + q * padded + at, scores[q]);
    }
    const F scale = broadcast(1.0f / std::sqrt(static_cast<float>(size)));
    float inverse[Q];
    const uint16_t* weights[Q];
    for (int q = 0; q < Q; ++q) {
        float* scores = scratch + q * padded;
        const int64_t visible = spans[q]->own_end, end = (visible + 15) / 16 * 16;
        for (int64_t i = visible; i < end; ++i) scores[i] = -1e30f;
        for (int64_t i = spans[q]->seen; i < spans[q]->own; ++i) scores[i] = -1e30f;
        F top = load(scores);
        for (int64_t i = 16; i < end; i += 16) top = max(top, load(scores + i));
        const F highest = broadcast(maximum(top));
        F total = broadcast(0.0f);
        for (int64_t i = 0; i < end; i += 16) {
            const F weight = exponential(mul(sub(load(scores + i), highest), scale));
            total = add(total, weight);
            store(scores + i, weight);
        }
        for (int64_t i = visible; i < padded; ++i) scores[i] = 0.0f;
        inverse[q] = 1.0f / sum(total);
        uint16_t* narrow = reinterpret_cast<uint16_t*>(scratch + Q * padded) + q * padded;
        for (int64_t i = 0; i < padded; ++i) narrow[i] = to_bfloat16(scores[i]);
        weights[q] = narrow;
    }
    constexpr int C = 4;  // vectors of the head's dimensions in flight
    const auto mix = [&](int64_t first, auto count) {
        constexpr int c = decltype(count)::value;
        F sums[Q][c];
        for (int q = 0; q < Q; ++q)
            for (int i = 0; i < c; ++i) sums[q][i] = broadcast(0.0f);
        for (int64_t pair = 0; pair < (most + 1) / 2; ++pair) {
            I v[c];
            for (int i = 0; i < c; ++i) v[i] = load_bytes(values + (pair * size + first + 16 * i) * 2);
            for (int q = 0; q < Q; ++q) {
                const I both = broadcast(four_bytes(weights[q] + 2 * pair));
                for (int i = 0; i < c; ++i) sums[q][i] = dot2(sums[q][i], v[i], both);
            }
        }
        for (int q = 0; q < Q; ++q)
            for (int i = 0; i < c; ++i) store(out[q] + first + 16 * i, mul(sums[q][i], broadcast(inverse[q])));
    };
    int64_t first = 0;
    for (; first + 16 * C <= size; first += 16 * C) mix(first, std::integral_constant<int, C>());
    for (; first < size; first += 16) mix(first, std::integral_constant<int, 1>());
}

typedef void (*AttendQueries)(const uint16_t* const*, const RowSpan* const*, int64_t, const uint16_t*, const uint16_t*, float*, float* const*);

template <int... Q> constexpr std::array<AttendQueries, sizeof...(Q)> attend_table(std::integer_sequence<int, Q...>) {
    return {attend_queries<Q + 1>...};
}

constexpr auto kAttend = attend_table(std::make_integer_sequence<int, kQueries>());

void attend(Pool& pool, const uint16_t* queries, int64_t rows, Heads heads, const RowSpan* spans, CacheRows cache, float* out) {
    const int64_t group = heads.queries / heads.keys, size = heads.size, total = rows * group;
    const int64_t pieces = (total + kQueries - 1) / kQueries;
    int64_t most = 0;
    for (int64_t row = 0; row < rows; ++row) most = std::max<int64_t>(most, (spans[row].own_end + 15) / 16 * 16);
    pool.run(heads.keys * pieces, [=](int64_t task) {
        thread_local std::vector<float> scratch;
        if (static_cast<int64_t>(scratch.size()) < 2 * kQueries * most) scratch.resize(2 * kQueries * most);
        const int64_t head = task / pieces, piece = task % pieces;
        const int64_t first = total * piece / pieces, count = total * (piece + 1) / pieces - first;
        const uint16_t* in[kQueries];
        float* to[kQueries];
        const RowSpan* at[kQueries];
        for (int64_t i = 0; i < count; ++i) {
            const int64_t row = (first + i) / group, query = head * group + (first + i) % group;
            in[i] = queries + (row * heads.queries + query) * size;
            to[i] = out + (row * heads.queries + query) * size;
            at[i] = spans + row;
        }
        kAttend[count - 1](in, at, size, cache.keys + head * cache.capacity * size, cache.values + head * cache.capacity * size,
                           scratch.data(), to);
    });
}

void read(Pool& pool, const uint8_t* bytes, int64_t size) {
    constexpr int64_t piece = 1 << 18;
    std::atomic<int32_t> seen{0};
    pool.run(size / piece, [&](int64_t task) {
        const uint8_t* from = bytes + task * piece;
        I sums[4] = {zero(), zero(), zero(), zero()};
        for (int64_t i = 0; i < piece; i += 256)
            for (int j = 0; j < 4; ++j) sums[j] = dot4_nibbles(sums[j], load_bytes(from + i + 64 * j), broadcast(0x01010101));
        seen.fetch_add(sum(sums[0]) + sum(sums[1]) + sum(sums[2]) + sum(sums[3]), std::memory_order_relaxed);
    });
}

void multiply(Pool& pool, int64_t steps) {
    std::atomic<int32_t> seen{0};
    pool.run(pool.threads(), [&](int64_t task) {
        I sums[12];
        for (int j = 0; j < 12; ++j) sums[j] = broadcast(static_cast<int32_t>(task));
        const I bytes = broadcast(0x01020304), signs = broadcast(static_cast<int32_t>(task) | 0x01010101);
        for (int64_t i = 0; i < steps; ++i)
            for (int j = 0; j < 12; ++j) sums[j] = dot4_nibbles(sums[j], bytes, signs);
        int32_t all = 0;
        for (int j = 0; j < 12; ++j) all += sum(sums[j]);
        seen.fetch_add(all, std::memory_order_relaxed);
    });
}
