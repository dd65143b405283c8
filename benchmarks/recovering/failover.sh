#!/usr/bin/env bash
# The plan's own script: its steps in its order, one after the other, ten tries thirty seconds apart.
# From the environment: CLOUDFLARE, VERCEL and EDGE are addresses; ZONE, RECORD, TEAM, PROJECT, DEPLOYMENT are ids.
set -eu

json='Content-Type: application/json'

is_well() { test "$(curl -s -o /dev/null -m 10 -w '%{http_code}' "$EDGE/api.example.com/health")" = 200; }

# 1. Check the primary; stop when it answers.
if is_well; then exit 0; fi

# 2. Activate the backup: (a) the api CNAME, (b) the standby deployment in production, forced, (c) the CDN's cache.
curl -sSf -o /dev/null -X PATCH "$CLOUDFLARE/zones/$ZONE/dns_records/$RECORD" -H "$json" \
    -H "Authorization: Bearer $CLOUDFLARE_TOKEN" -d '{"content": "backup.example.com"}'
echo "switched $(date +%s.%N)"
made=$(curl -sSf -X POST "$VERCEL/v13/deployments?forceNew=1&teamId=$TEAM" -H "$json" \
    -H "Authorization: Bearer $VERCEL_TOKEN" \
    -d "{\"name\": \"$PROJECT\", \"deploymentId\": \"$DEPLOYMENT\", \"target\": \"production\"}" |
    grep -o '"id": *"dpl_[^"]*"' | head -1 | cut -d'"' -f4)
# As `vercel --prod --force` does, which ends when the deployment is ready.
until curl -sSf "$VERCEL/v13/deployments/$made?teamId=$TEAM" -H "Authorization: Bearer $VERCEL_TOKEN" |
    grep -q '"readyState": *"READY"'; do sleep 1; done
curl -sSf -o /dev/null -X POST "$CLOUDFLARE/zones/$ZONE/purge_cache" -H "$json" \
    -H "Authorization: Bearer $CLOUDFLARE_TOKEN" -d '{"purge_everything": true}'

# 3. Verify: up to 10 times, 30 seconds apart; the first success ends it.
for try in 1 2 3 4 5 6 7 8 9 10; do
    if is_well; then
        echo "verified $(date +%s.%N)"
        exit 0
    fi
    test "$try" = 10 || sleep 30
done
echo "CRITICAL: the failover failed" >&2
exit 1
