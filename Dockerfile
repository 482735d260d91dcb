# docker build --tag model-consensus .
# docker run --rm model-consensus                 # make verify
# docker run --rm model-consensus make test
FROM python:3.11-slim

RUN apt-get update \
 && apt-get install --yes --no-install-recommends make \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home reader

USER reader
WORKDIR /home/reader/model-consensus
COPY --chown=reader . .
# The versions with which everything was verified.
ENV CONSTRAINTS=constraints.txt
RUN make .venv/installed

CMD ["make", "verify"]
