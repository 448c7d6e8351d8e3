// Vectors of 16 numbers in two registers: AVX2 with FMA and F16C (Intel since Haswell, AMD since Zen).

constexpr int kRows = 2;
constexpr int kQueries = 1;

struct F { __m256 a, b; };
struct I { __m256i a, b; };

inline F load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
inline void store(float* p, F x) { _mm256_storeu_ps(p, x.a); _mm256_storeu_ps(p + 8, x.b); }
inline F broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
inline F add(F x, F y) { return {_mm256_add_ps(x.a, y.a), _mm256_add_ps(x.b, y.b)}; }
inline F sub(F x, F y) { return {_mm256_sub_ps(x.a, y.a), _mm256_sub_ps(x.b, y.b)}; }
inline F mul(F x, F y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
inline F div(F x, F y) { return {_mm256_div_ps(x.a, y.a), _mm256_div_ps(x.b, y.b)}; }
inline F fma(F x, F y, F z) { return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)}; }
inline F fnma(F x, F y, F z) { return {_mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b)}; }
inline F max(F x, F y) { return {_mm256_max_ps(x.a, y.a), _mm256_max_ps(x.b, y.b)}; }
inline F min(F x, F y) { return {_mm256_min_ps(x.a, y.a), _mm256_min_ps(x.b, y.b)}; }
inline F absolute(F x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, x.a), _mm256_andnot_ps(sign, x.b)};
}
inline F nearest(F x) {
    constexpr int how = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(x.a, how), _mm256_round_ps(x.b, how)};
}
inline __m256 shift_exponent(__m256 x, __m256 n) {
    const __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_mul_ps(x, _mm256_castsi256_ps(power));
}
inline F times_power_of_two(F x, F n) { return {shift_exponent(x.a, n.a), shift_exponent(x.b, n.b)}; }
inline float sum(F x) {
    const __m256 both = _mm256_add_ps(x.a, x.b);
    __m128 four = _mm_add_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
    four = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(four, _mm_movehdup_ps(four)));
}
inline float maximum(F x) {
    const __m256 both = _mm256_max_ps(x.a, x.b);
    __m128 four = _mm_max_ps(_mm256_castps256_ps128(both), _mm256_extractf128_ps(both, 1));
    four = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(four, _mm_movehdup_ps(four)));
}
inline F halves(const void* p) {
    const __m128i* q = static_cast<const __m128i*>(p);
    return {_mm256_cvtph_ps(_mm_loadu_si128(q)), _mm256_cvtph_ps(_mm_loadu_si128(q + 1))};
}

inline I zero() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline I broadcast(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
inline I load_bytes(const void* p) {
    const __m256i* q = static_cast<const __m256i*>(p);
    return {_mm256_loadu_si256(q), _mm256_loadu_si256(q + 1)};
}
inline I low_nibbles(I x) {
    const __m256i mask = _mm256_set1_epi8(15);
    return {_mm256_and_si256(x.a, mask), _mm256_and_si256(x.b, mask)};
}
inline I high_nibbles(I x) { return low_nibbles({_mm256_srli_epi16(x.a, 4), _mm256_srli_epi16(x.b, 4)}); }
// The products of adjacent bytes are added in 16 bits, where two of 255 x 127 would not fit: take the bytes' halves apart.
inline __m256i dot4(__m256i sums, __m256i bytes, __m256i signs) {
    const __m256i low = _mm256_and_si256(bytes, _mm256_set1_epi8(127));
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(bytes, 7), _mm256_set1_epi8(1));
    const __m256i ones = _mm256_set1_epi16(1);
    const __m256i pairs = _mm256_maddubs_epi16(low, signs), tops = _mm256_maddubs_epi16(high, signs);
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, ones));
    return _mm256_add_epi32(sums, _mm256_slli_epi32(_mm256_madd_epi16(tops, ones), 7));
}
inline I dot4(I sums, I bytes, I signs) { return {dot4(sums.a, bytes.a, signs.a), dot4(sums.b, bytes.b, signs.b)}; }
inline __m256i dot4_nibbles(__m256i sums, __m256i nibbles, __m256i signs) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(_mm256_maddubs_epi16(nibbles, signs), _mm256_set1_epi16(1)));
}
inline I dot4_nibbles(I sums, I nibbles, I signs) {
    return {dot4_nibbles(sums.a, nibbles.a, signs.a), dot4_nibbles(sums.b, nibbles.b, signs.b)};
}
inline F to_float(I x) { return {_mm256_cvtepi32_ps(x.a), _mm256_cvtepi32_ps(x.b)}; }
inline I to_int(F x) { return {_mm256_cvtps_epi32(x.a), _mm256_cvtps_epi32(x.b)}; }
inline I add(I x, I y) { return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)}; }
inline int32_t sum(I x) {
    alignas(32) int32_t out[8];
    _mm256_store_si256(reinterpret_cast<__m256i*>(out), _mm256_add_epi32(x.a, x.b));
    return out[0] + out[1] + out[2] + out[3] + out[4] + out[5] + out[6] + out[7];
}
inline void store_as_bytes(int8_t* p, I x) {
    alignas(32) int32_t out[16];
    _mm256_store_si256(reinterpret_cast<__m256i*>(out), x.a);
    _mm256_store_si256(reinterpret_cast<__m256i*>(out + 8), x.b);
    for (int i = 0; i < 16; ++i) p[i] = static_cast<int8_t>(out[i]);
}
inline __m256 dot2(__m256 sums, __m256i pairs, __m256i others) {
    const __m256i upper = _mm256_set1_epi32(static_cast<int32_t>(0xffff0000u));
    const auto first = [](__m256i x) { return _mm256_castsi256_ps(_mm256_slli_epi32(x, 16)); };
    const auto second = [upper](__m256i x) { return _mm256_castsi256_ps(_mm256_and_si256(x, upper)); };
    return _mm256_fmadd_ps(second(pairs), second(others), _mm256_fmadd_ps(first(pairs), first(others), sums));
}
inline F dot2(F sums, I pairs, I others) { return {dot2(sums.a, pairs.a, others.a), dot2(sums.b, pairs.b, others.b)}; }
