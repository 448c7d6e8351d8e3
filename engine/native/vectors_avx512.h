// Vectors of 16 numbers in one register: AVX-512 with VNNI and BF16 (Intel since Cooper Lake and Sapphire Rapids, AMD since Zen 4).

constexpr int kRows = 8;     // rows of a product in flight: 8 x 3 accumulators, weights, scales and constants fill 32 registers
constexpr int kQueries = 6;  // the same in attention: 6 x 4 accumulators

typedef __m512 F;
typedef __m512i I;

inline F load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, F x) { _mm512_storeu_ps(p, x); }
inline F broadcast(float x) { return _mm512_set1_ps(x); }
inline F add(F a, F b) { return _mm512_add_ps(a, b); }
inline F sub(F a, F b) { return _mm512_sub_ps(a, b); }
inline F mul(F a, F b) { return _mm512_mul_ps(a, b); }
inline F div(F a, F b) { return _mm512_div_ps(a, b); }
inline F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
inline F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
inline F max(F a, F b) { return _mm512_max_ps(a, b); }
inline F min(F a, F b) { return _mm512_min_ps(a, b); }
inline F absolute(F a) { return _mm512_abs_ps(a); }
inline F nearest(F a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline F times_power_of_two(F a, F n) { return _mm512_scalef_ps(a, n); }
inline float sum(F a) { return _mm512_reduce_add_ps(a); }
inline float maximum(F a) { return _mm512_reduce_max_ps(a); }
inline F halves(const void* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p))); }

inline I zero() { return _mm512_setzero_si512(); }
inline I broadcast(int32_t x) { return _mm512_set1_epi32(x); }
inline I load_bytes(const void* p) { return _mm512_loadu_si512(p); }
inline I low_nibbles(I x) { return _mm512_and_si512(x, _mm512_set1_epi8(15)); }
inline I high_nibbles(I x) { return _mm512_and_si512(_mm512_srli_epi16(x, 4), _mm512_set1_epi8(15)); }
// Four products of unsigned with signed bytes added to each of 16 sums.
inline I dot4(I sums, I bytes, I signs) { return _mm512_dpbusd_epi32(sums, bytes, signs); }
inline I dot4_nibbles(I sums, I nibbles, I signs) { return dot4(sums, nibbles, signs); }
inline F to_float(I x) { return _mm512_cvtepi32_ps(x); }
inline I to_int(F x) { return _mm512_cvtps_epi32(x); }
inline I add(I x, I y) { return _mm512_add_epi32(x, y); }
inline int32_t sum(I x) { return _mm512_reduce_add_epi32(x); }
inline void store_as_bytes(int8_t* p, I x) { _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(x)); }
// Two products of bfloat16 numbers added to each of 16 sums.
inline F dot2(F sums, I pairs, I others) { return _mm512_dpbf16_ps(sums, (__m512bh)pairs, (__m512bh)others); }
