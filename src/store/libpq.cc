#include "store/libpq.h"

#include <dlfcn.h>

#include <string>

namespace minslice::store {
namespace {

constexpr const char* kLibrary = "libpq.so.5";

struct Loaded {
  Libpq functions;
  std::string why;  // empty: all are there
};

Loaded Load() {
  Loaded loaded;
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    const char* why = dlerror();
    loaded.why = why == nullptr ? "unknown" : why;
    return loaded;
  }
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr && loaded.why.empty()) loaded.why = std::string(kLibrary) + " has no " + name;
  };
  Libpq& pq = loaded.functions;
  find(pq.connect, "PQconnectdbParams");
  find(pq.status, "PQstatus");
  find(pq.finish, "PQfinish");
  find(pq.error_message, "PQerrorMessage");
  find(pq.set_notice_processor, "PQsetNoticeProcessor");
  find(pq.exec_params, "PQexecParams");
  find(pq.exec, "PQexec");
  find(pq.get_result, "PQgetResult");
  find(pq.result_status, "PQresultStatus");
  find(pq.result_error, "PQresultErrorMessage");
  find(pq.rows, "PQntuples");
  find(pq.fields, "PQnfields");
  find(pq.is_null, "PQgetisnull");
  find(pq.value, "PQgetvalue");
  find(pq.length, "PQgetlength");
  find(pq.clear, "PQclear");
  find(pq.put_copy_data, "PQputCopyData");
  find(pq.put_copy_end, "PQputCopyEnd");
  return loaded;
}

}  // namespace

Result<const Libpq*> LoadLibpq() {
  static const Loaded loaded = Load();
  if (loaded.why.empty()) return &loaded.functions;
  return FailInternal("a postgres:// store needs PostgreSQL's client library (Debian: libpq5): " +
                      loaded.why);
}

}  // namespace minslice::store
