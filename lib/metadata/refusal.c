#include "metadata/refusal.h"

void metadata_add_header(struct http_response *resp, struct arena *a, const char *name,
                         const char *value)
{
    *arena_append(a, &resp->headers) = (struct header){name, value};
}

void metadata_add_usual_headers(struct http_response *resp, struct arena *a)
{
    metadata_add_header(resp, a, "Server", "EC2ws");
    metadata_add_header(resp, a, "Accept-Ranges", "none");
}

static const char *reason(int status)
{
    switch (status) {
    case 400:
        return "400 - Bad Request";
    case 401:
        return "401 - Unauthorized";
    case 403:
        return "403 - Forbidden";
    case 404:
        return "404 - Not Found";
    case 405:
        return "405 - Method Not Allowed";
    case 413:
        return "413 - Request Entity Too Large";
    case 431:
        return "431 - Request Header Fields Too Large";
    case 503:
        return "503 - Service Unavailable";
    default:
        return "500 - Internal Server Error";
    }
}

void metadata_refuse(struct http_response *resp, struct arena *a, int status)
{
    resp->status = status;
    resp->content_type = "text/html";
    metadata_add_usual_headers(resp, a);
    buf_reset(&resp->body);
    buf_printf(&resp->body,
               "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n"
               "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"\n"
               "\t\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n"
               "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n"
               " <head>\n"
               "  <title>%s</title>\n"
               " </head>\n"
               " <body>\n"
               "  <h1>%s</h1>\n"
               " </body>\n"
               "</html>\n",
               reason(status), reason(status));
}
