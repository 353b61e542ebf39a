"""Board and registrar as services over HTTP (extra ``service``: FastAPI and uvicorn).

:mod:`.app` puts a service together; :mod:`.board_routes` and :mod:`.issuance_routes` are what it answers;
:mod:`.answers` and :mod:`.openapi` are what they say of it, :mod:`.documents` writes that down without a service;
:mod:`.bodies` and :mod:`.rates` bound what is taken in, :mod:`.logs` what is written down.
``docs/reference/http-api.md`` says what travels.
"""
