"""Fills a World's log bucket with log and digest files, and lists them as S3 does."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import datetime, timedelta

from trailwarden.calls import Call, Reply
from trailwarden.facts import format_time
from trailwarden.model import Json
from trailwarden.testing.world import World


class Files:
    """The objects of one bucket.

    Args:
        world: to extend.
        bucket: its name.
        root: what comes before the account's folder.
        region: of the files.
    """

    def __init__(self, world: World, bucket: str, *, root: str = "AWSLogs/", region: str = "us-east-1") -> None:
        self.world = world
        self.bucket = bucket
        self.root = root
        self.region = region
        self.objects: dict[str, str] = {}
        """LastModified by key."""
        world.answer("s3.ListObjectsV2", self._list, Bucket=bucket)
        world.error("s3.GetObjectRetention", "NoSuchObjectLockConfiguration", status=404, Bucket=bucket)

    def add_log(self, moment: datetime, *, days: int = 365, mode: str = "COMPLIANCE") -> str:
        """Add a log file delivered at a moment, locked for some days (0: not at all), and return its key."""
        account = self.world.account_id
        name = f"{account}_CloudTrail_{self.region}_{moment:%Y%m%dT%H%M}Z_AbCdEfGhIjKlMnOp.json.gz"
        return self._add(f"{self.root}{account}/CloudTrail/{self.region}/{moment:%Y/%m/%d}/{name}", moment, days, mode)

    def add_digest(
        self, moment: datetime, *, days: int = 365, mode: str = "COMPLIANCE", trail: str = "main", **content: Json
    ) -> str:
        """Add a digest file of the hour before a moment, the first of a chain unless ``content`` says otherwise, and return its key."""
        account = self.world.account_id
        name = f"{account}_CloudTrail-Digest_{self.region}_{trail}_{self.region}_{moment:%Y%m%dT%H%M%S}Z.json.gz"
        key = f"{self.root}{account}/CloudTrail-Digest/{self.region}/{moment:%Y/%m/%d}/{name}"
        body = {
            "digestStartTime": format_time(moment - timedelta(hours=1)),
            "digestEndTime": format_time(moment),
            "previousDigestS3Object": None,
            **content,
        }
        packed = base64.b64encode(gzip.compress(json.dumps(body).encode(), mtime=0)).decode()
        self.world.reply("s3.GetObject", {"Body": packed}, Bucket=self.bucket, Key=key)
        return self._add(key, moment, days, mode)

    def lock(self, key: str, mode: str, until: datetime) -> None:
        """Lock one object."""
        retention = {"Mode": mode, "RetainUntilDate": format_time(until)}
        self.world.reply("s3.GetObjectRetention", {"Retention": retention}, Bucket=self.bucket, Key=key)

    def _add(self, key: str, moment: datetime, days: int, mode: str) -> str:
        self.objects[key] = format_time(moment)
        if days:
            self.lock(key, mode, moment + timedelta(days=days))
        return key

    def _list(self, call: Call) -> Reply:
        prefix, delimiter = call.arguments["Prefix"], call.arguments.get("Delimiter", "")
        contents: list[Json] = []
        folders: dict[str, None] = {}
        for key in sorted(self.objects):
            if not key.startswith(prefix):
                continue
            inside, mark, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            if mark:
                folders[f"{prefix}{inside}{mark}"] = None
            else:
                contents.append({"Key": key, "LastModified": self.objects[key], "Size": 1})
        # S3 leaves out what is empty.
        body: dict[str, Json] = {"IsTruncated": False, "Prefix": prefix, "KeyCount": len(contents) + len(folders)}
        if contents:
            body["Contents"] = contents
        if folders:
            body["CommonPrefixes"] = [{"Prefix": item} for item in folders]
        return Reply(body=body)
