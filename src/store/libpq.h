// PostgreSQL's client library, opened when a postgres:// store is: who keeps none needs none installed, and a
// wheel that carries its libraries with it does not carry libpq with Kerberos and LDAP.
#ifndef MINSLICE_STORE_LIBPQ_H_
#define MINSLICE_STORE_LIBPQ_H_

#include <libpq-fe.h>

#include "minslice/result.h"

namespace minslice::store {

struct Libpq {
  decltype(&::PQconnectdbParams) connect = nullptr;
  decltype(&::PQstatus) status = nullptr;
  decltype(&::PQfinish) finish = nullptr;
  decltype(&::PQerrorMessage) error_message = nullptr;
  decltype(&::PQsetNoticeProcessor) set_notice_processor = nullptr;
  decltype(&::PQexecParams) exec_params = nullptr;
  decltype(&::PQexec) exec = nullptr;
  decltype(&::PQgetResult) get_result = nullptr;
  decltype(&::PQresultStatus) result_status = nullptr;
  decltype(&::PQresultErrorMessage) result_error = nullptr;
  decltype(&::PQntuples) rows = nullptr;
  decltype(&::PQnfields) fields = nullptr;
  decltype(&::PQgetisnull) is_null = nullptr;
  decltype(&::PQgetvalue) value = nullptr;
  decltype(&::PQgetlength) length = nullptr;
  decltype(&::PQclear) clear = nullptr;
  decltype(&::PQputCopyData) put_copy_data = nullptr;
  decltype(&::PQputCopyEnd) put_copy_end = nullptr;
};

// Opened once and kept; a failure says which package has it.
Result<const Libpq*> LoadLibpq();

}  // namespace minslice::store

#endif  // MINSLICE_STORE_LIBPQ_H_
