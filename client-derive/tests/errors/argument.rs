#[client_derive::endpoints("jobs")]
impl Jobs {
    #[get("/v1/job/{job_id}")]
//~       ^ the path has `{job_id}`, and there is no parameter of that name
    fn read(&self, id: &str) -> Call<Job> {}
}
