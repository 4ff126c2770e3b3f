# shellcheck shell=bash
# Waits until DATABASE_URL's server answers, for AWAIT_SECONDS (60): a pod is let through to it a moment after it starts.
# Behind the deadline and not at it: bash counts the seconds that the clock has begun.
deadline=$((SECONDS + ${AWAIT_SECONDS:-60}))
until pg_isready --quiet --timeout 3 --dbname "$DATABASE_URL"; do
    if [ "$SECONDS" -gt "$deadline" ]; then
        echo "${DATABASE_URL##*@} does not answer" >&2
        exit 1
    fi
    sleep 1
done
