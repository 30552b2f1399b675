// Beside `minslice gate` and `minslice import`: makes the files that they read, and reads the same bytes with
// simdjson alone, which is the speed that report.py measures ours against.
//
//   reading_bench log FILE CASES REPEATS SIDE      a log; SIDE 0 or 1 draws other outcomes for the same cases
//   reading_bench lm-eval FILE DOCUMENTS           a samples_*.jsonl of lm-evaluation-harness: long passages
//   reading_bench lm-eval-chat FILE DOCUMENTS      likewise with short chat prompts, as a chat endpoint gets
//   them reading_bench parse dom|many FILE...           every line parsed to the end; prints wall and CPU
//   seconds and bytes
#include <fcntl.h>
#include <simdjson.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

// SplitMix64: the same file from the same arguments.
std::uint64_t Mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  return x ^ (x >> 31U);
}
double Uniform(std::uint64_t x) { return static_cast<double>(Mix(x) >> 11U) * 0x1p-53; }

std::string Hex(std::uint64_t seed) {
  std::string text;
  for (std::uint64_t part = 0; part < 4; ++part) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(Mix(seed * 4 + part)));
    text += digits;
  }
  return text;
}

int MakeLog(const char* path, std::uint64_t cases, int repeats, std::uint64_t side) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return 1;
  std::fprintf(file,
               "{\"record\":\"run\",\"log_version\":1,\"suite\":\"bench\",\"suite_sha256\":\"%s\",\"target\":"
               "\"side-%d\",\"request_model\":\"model-%d-2026-01-01\",\"gateway\":\"http://127.0.0.1:4000\","
               "\"request\":{\"temperature\":0},\"repeats\":%d,\"cases\":%llu,\"started_at\":"
               "\"2026-11-21T03:00:00Z\",\"minslice\":\"0.1.0\"}\n",
               Hex(1).c_str(), static_cast<int>(side), static_cast<int>(side), repeats,
               static_cast<unsigned long long>(cases));
  for (int repeat = 1; repeat <= repeats; ++repeat) {
    for (std::uint64_t i = 0; i < cases; ++i) {
      const std::uint64_t draw = (i * 64 + static_cast<std::uint64_t>(repeat)) * 2 + side;
      // The two sides share most of what makes a case hard: one pair in ten is discordant.
      const bool shared = Uniform(i ^ 0x5555) < .74;
      const double u = Uniform(draw);
      const bool pass = u < .93 ? shared : Uniform(draw ^ 0xaaaa) < .75;
      const double error = Uniform(draw ^ 0x3333);
      const char* outcome = error < .001   ? "infra_error"
                            : error < .004 ? "model_error"
                            : pass         ? "pass"
                                           : "fail";
      const bool passed = std::strcmp(outcome, "pass") == 0;
      const int segment = static_cast<int>(Mix(i ^ 0x7777) % 40);
      const int length = static_cast<int>(Mix(i ^ 0x1111) % 4);
      std::fprintf(
          file,
          "{\"record\":\"case\",\"case_id\":\"case-%08llu\",\"repeat\":%d,\"outcome\":\"%s\",\"scores\":{%s},"
          "\"segments\":{\"customer\":\"customer-%02d\",\"doc_length\":\"%d-k\"},\"prompt_sha256\":\"%s\"",
          static_cast<unsigned long long>(i), repeat, outcome,
          error < .001 ? ""
          : passed     ? "\"pass\":1"
                       : "\"pass\":0",
          segment, 1 << length, Hex(i).c_str());
      if (error >= .001) {
        std::fprintf(
            file,
            ",\"response_model\":\"model-%d-2026-01-01\",\"finish_reason\":\"stop\",\"input_tokens\":"
            "%d,\"output_tokens\":%d,\"cost_usd\":%.6g,\"latency_ms\":%.4g",
            static_cast<int>(side), 200 + static_cast<int>(Mix(i) % 900),
            10 + static_cast<int>(Mix(draw) % 90), 1e-6 * static_cast<double>(Mix(draw) % 1000),
            100 + 400 * Uniform(draw ^ 0xf0f0));
      }
      std::fprintf(
          file, ",\"attempts\":1,\"output\":\"The answer to question %llu is \\\"%llu\\\".\",\"error\":%s}\n",
          static_cast<unsigned long long>(i), static_cast<unsigned long long>(Mix(draw) % 100000),
          error < .001 ? "\"HTTP 503\"" : "null");
    }
  }
  std::fprintf(file,
               "{\"record\":\"end\",\"cases\":%llu,\"repeats\":%d,\"ended_at\":\"2026-11-21T04:00:00Z\"}\n",
               static_cast<unsigned long long>(cases), repeats);
  return std::fclose(file) == 0 ? 0 : 1;
}

int MakeLmEval(const char* path, std::uint64_t documents) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return 1;
  std::string passage;
  for (int word = 0; word < 220; ++word)
    passage += "word" + std::to_string(Mix(static_cast<std::uint64_t>(word)) % 1000) +
               (word % 12 == 11 ? ".\\n" : " ");
  for (std::uint64_t i = 0; i < documents; ++i) {
    const bool pass = Uniform(i) < .7;
    const unsigned long long answer = Mix(i) % 1000;
    std::fprintf(
        file,
        "{\"doc_id\": %llu, \"doc\": {\"id\": \"doc-%llu\", \"subject\": \"subject-%d\", \"question\": "
        "\"%s What is %llu?\"}, \"target\": \"%llu\", \"arguments\": {\"gen_args_0\": {\"arg_0\": "
        "\"Question: %s What is %llu?\\nAnswer:\", \"arg_1\": {\"until\": [\"\\n\"], \"do_sample\": false, "
        "\"temperature\": 0}}}, \"resps\": [[\"%llu\"]], \"filtered_resps\": [\"%llu\"], \"filter\": "
        "\"none\", \"metrics\": [\"exact_match\"], \"doc_hash\": \"%s\", \"prompt_hash\": \"%s\", "
        "\"target_hash\": \"%s\", \"exact_match\": %s}\n",
        static_cast<unsigned long long>(i), static_cast<unsigned long long>(i), static_cast<int>(i % 57),
        passage.c_str(), static_cast<unsigned long long>(i), answer, passage.c_str(),
        static_cast<unsigned long long>(i), pass ? answer : answer + 1, pass ? answer : answer + 1,
        Hex(i).c_str(), Hex(i + (1ULL << 40U)).c_str(), Hex(i + (1ULL << 41U)).c_str(), pass ? "1.0" : "0.0");
  }
  return std::fclose(file) == 0 ? 0 : 1;
}

// Lines of the form and the lengths that `lm_eval --model local-chat-completions --log_samples` writes for
// one-line questions, some 830 bytes each.
int MakeLmEvalChat(const char* path, std::uint64_t documents) {
  std::FILE* file = std::fopen(path, "w");
  if (file == nullptr) return 1;
  static const char* const kSegments[] = {"invoice_parse", "escalation_route", "contract_review",
                                          "refund_flow", "long_tail"};
  static const char* const kLengths[] = {"short", "medium", "long"};
  for (std::uint64_t i = 0; i < documents; ++i) {
    const unsigned long long a = Mix(i) % 10000, b = Mix(i ^ 0x5555) % 10000, id = i + 1;
    const unsigned long long said = Uniform(i) < .74 ? a + b : a + b + 1;
    const char* segment = kSegments[Mix(i ^ 0x7777) % 5];
    std::fprintf(
        file,
        "{\"doc_id\": %llu, \"doc\": {\"id\": \"p%06llu\", \"segment\": \"%s\", \"length\": \"%s\", \"a\": "
        "%llu, \"b\": %llu, \"prompt\": \"[p%06llu seg=%s] What is %llu + %llu? Answer with the number "
        "only.\", \"expected\": \"%llu\"}, \"target\": \"%llu\", \"arguments\": {\"gen_args_0\": {\"arg_0\": "
        "[\"[{\\\"role\\\": \\\"user\\\", \\\"content\\\": \\\"[p%06llu seg=%s] What is %llu + %llu? Answer "
        "with the "
        "number only.\\\"}]\"], \"arg_1\": {\"until\": [\"\\n\\n\"], \"max_gen_toks\": 32, \"do_sample\": "
        "false}}}, \"resps\": [[\"%llu\"]], \"filtered_resps\": [\"%llu\"], \"filter\": \"none\", "
        "\"metrics\": "
        "[\"exact_match\"], \"doc_hash\": \"%s\", \"prompt_hash\": \"%s\", \"target_hash\": \"%s\", "
        "\"exact_match\": %s}\n",
        static_cast<unsigned long long>(i), id, segment, kLengths[Mix(i ^ 0x1111) % 3], a, b, id, segment, a,
        b, a + b, a + b, id, segment, a, b, said, said, Hex(i).c_str(), Hex(i + (1ULL << 40U)).c_str(),
        Hex(i + (1ULL << 41U)).c_str(), said == a + b ? "1.0" : "0.0");
  }
  return std::fclose(file) == 0 ? 0 : 1;
}

// Touches every value, so that nothing can be left unparsed; returns something to print.
std::uint64_t ParseLines(std::string_view bytes) {
  simdjson::dom::parser parser;
  std::uint64_t objects = 0;
  for (std::size_t at = 0; at < bytes.size();) {
    const void* found = std::memchr(bytes.data() + at, '\n', bytes.size() - at);
    const std::size_t end = found == nullptr
                                ? bytes.size()
                                : static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
    simdjson::dom::element root;
    if (parser.parse(bytes.data() + at, end - at, false).get(root) != simdjson::SUCCESS) std::abort();
    objects += root.is_object() ? 1 : 0;
    at = end + 1;
  }
  return objects;
}

std::uint64_t ParseMany(std::string_view bytes) {
  simdjson::dom::parser parser;
  simdjson::dom::document_stream stream;
  if (parser.parse_many(bytes.data(), bytes.size(), std::size_t{1} << 20U).get(stream) != simdjson::SUCCESS)
    std::abort();
  std::uint64_t objects = 0;
  for (auto document : stream) {
    simdjson::dom::element root;
    if (document.get(root) != simdjson::SUCCESS) std::abort();
    objects += root.is_object() ? 1 : 0;
  }
  return objects;
}

int Parse(std::string_view how, int n, char** paths) {
  double seconds = 0, cpu = 0;
  const auto cpu_now = [] {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
  };
  std::uint64_t size = 0, objects = 0;
  for (int i = 0; i < n; ++i) {
    const int fd = open(paths[i], O_RDONLY | O_CLOEXEC);
    struct stat status{};
    if (fd < 0 || fstat(fd, &status) != 0) return 1;
    const auto bytes = static_cast<std::size_t>(status.st_size);
    // Anonymous memory behind the file's pages: simdjson reads up to 64 bytes past the end.
    const std::size_t mapped = (bytes + 4096 + simdjson::SIMDJSON_PADDING) / 4096 * 4096 + 4096;
    void* room = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return 1;
    if (mmap(room, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, fd, 0) == MAP_FAILED) return 1;
    close(fd);
    const double cpu_start = cpu_now();
    const auto start = std::chrono::steady_clock::now();
    const std::string_view text(static_cast<const char*>(room), bytes);
    objects += how == "many" ? ParseMany(text) : ParseLines(text);
    seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    cpu += cpu_now() - cpu_start;
    size += bytes;
    munmap(room, mapped);
  }
  std::printf("{\"implementation\":\"%s\",\"seconds\":%.4f,\"cpu\":%.4f,\"bytes\":%llu,\"objects\":%llu}\n",
              simdjson::get_active_implementation()->name().c_str(), seconds, cpu,
              static_cast<unsigned long long>(size), static_cast<unsigned long long>(objects));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const auto number = [&](int i) { return std::strtoull(argv[i], nullptr, 10); };
  if (what == "log" && argc == 6) return MakeLog(argv[2], number(3), static_cast<int>(number(4)), number(5));
  if (what == "lm-eval" && argc == 4) return MakeLmEval(argv[2], number(3));
  if (what == "lm-eval-chat" && argc == 4) return MakeLmEvalChat(argv[2], number(3));
  if (what == "parse" && argc >= 4) return Parse(argv[2], argc - 3, argv + 3);
  std::fprintf(stderr, "usage: reading_bench log|lm-eval|lm-eval-chat|parse ... (see the source's head)\n");
  return 2;
}
